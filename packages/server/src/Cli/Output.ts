import { Console, Effect, Schema } from "effect"
import { Flag, GlobalFlag } from "effect/cli"

/** Whether to print what the service answered, as JSON. */
export const Json = GlobalFlag.Setting("json")({
  flag: Flag.Boolean("json").pipe(
    Flag.withDescription("Print JSON instead of tables"),
    Flag.withDefault(false)
  )
})

type Encoding = Schema.ConstraintCodec<unknown, unknown, unknown, never>

const isObject = Schema.is(Schema.Record(Schema.String, Schema.Json))

const valueAt = (json: Schema.Json, path: string): Schema.Json =>
  path.split(".").reduce<Schema.Json>((value, key) => (isObject(value) ? (value[key] ?? null) : null), json)

const escaped = (text: string) =>
  Array.from(
    { length: text.length },
    (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`
  ).join("")

/**
 * Text that others wrote, as a terminal may be given it: what would steer it, or show as nothing or in another order, is
 * written as `\uXXXX`.
 */
export const shown = (text: string) => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)

/** JSON as text; line breaks are those of its layout, and what is escaped reads as the same value. */
const jsonText = (json: Schema.Json, indent?: number) =>
  JSON.stringify(json, null, indent).split("\n").map(shown).join("\n")

const text = (value: Schema.Json): string => {
  if (value === null) return "-"
  if (Array.isArray(value)) return value.map(text).join(", ")
  return shown(typeof value === "object" ? JSON.stringify(value) : String(value))
}

const aligned = (rows: ReadonlyArray<ReadonlyArray<string>>) => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd()
  )
}

/** Prints one thing as a line for each field. Secrets are shown where the API shows them. */
export const printOne = <S extends Encoding>(schema: S) => {
  const encode = Schema.encodeEffect(Schema.toCodecJson(schema))
  return Effect.fnUntraced(function* (value: S["Type"]) {
    const json = yield* encode(value)
    if (yield* Json) return yield* Console.log(jsonText(json, 2))
    const rows = isObject(json) ? Object.entries(json) : []
    yield* Console.log(aligned(rows.map(([name, field]) => [shown(name), text(field)])).join("\n"))
  })
}

/** Prints a list as a table of these columns, each the path of a field such as `webhook.id`. */
export const printList = <S extends Encoding>(item: S, columns: ReadonlyArray<string>) => {
  const encode = Schema.encodeEffect(Schema.Array(Schema.toCodecJson(item)))
  return Effect.fnUntraced(function* (list: ReadonlyArray<S["Type"]>, nextCursor?: string) {
    const items = yield* encode(list)
    if (yield* Json) {
      return yield* Console.log(jsonText({ items, ...(nextCursor && { nextCursor }) }, 2))
    }
    const names = columns.map((path) => path.split(".").at(-1) ?? path)
    const rows = items.map((one) => columns.map((path) => text(valueAt(one, path))))
    yield* Console.log(aligned([names, ...rows]).join("\n"))
    if (nextCursor !== undefined) yield* Console.log(`More: --cursor ${nextCursor}`)
  })
}

/** Prints a thing as one line, for streams: JSON, or these fields. */
export const printLine = <S extends Encoding>(schema: S, columns: ReadonlyArray<string>) => {
  const encode = Schema.encodeEffect(Schema.toCodecJson(schema))
  return Effect.fnUntraced(function* (value: S["Type"]) {
    const json = yield* encode(value)
    yield* Console.log(
      (yield* Json) ? jsonText(json) : columns.map((path) => text(valueAt(json, path))).join("  ")
    )
  })
}

/** Says that something was done that has no answer to print. */
export const printDone = Effect.fnUntraced(function* (what: string) {
  yield* Console.log((yield* Json) ? JSON.stringify({ done: what }) : what)
})
