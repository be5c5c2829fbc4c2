import { Schema } from "effect"

/** A word that GitHub may add later. Beside named ones it leaves them to be completed and compared. */
export type Other = string & Record<never, never>

/** One of the words that GitHub has, or one that it adds later: no reason not to read a payload. */
export const open = <const Words extends ReadonlyArray<string>>(
  words: Words
): Schema.Codec<Words[number] | Other> =>
  Schema.declare((word): word is Words[number] | Other => typeof word === "string", {
    description: `Such as ${words.join(", ")}.`
  })

/** A field that may be absent or null. */
export const nullish = <Value extends Schema.Top>(value: Value) => Schema.optionalKey(Schema.NullOr(value))

/** A field that may be absent. */
export const optional = <Value extends Schema.Top>(value: Value) => Schema.optionalKey(value)

/** What a field was before. */
export const from = <Value extends Schema.Top>(value: Value) => Schema.Struct({ from: value })

/** A field of `changes` that held a text before. */
export const fromText = Schema.optionalKey(from(Schema.NullOr(Schema.String)))

/** A point in time, in ISO 8601; unix seconds in some payloads. */
export const Moment = Schema.Union([Schema.String, Schema.Number])

/** An object whose keys GitHub does not fix. */
export const Anything = Schema.Record(Schema.String, Schema.Unknown)

/** What an event brings on some of its actions, which come first. */
export const on = <const Actions extends ReadonlyArray<string>, Fields extends Schema.Struct.Fields>(
  actions: Actions,
  fields: Fields
) => Schema.Struct({ action: Schema.Literals(actions), ...fields })
