import { Option, Schema } from "effect"
import { storable } from "../../Text.ts"
import type { Reached } from "../DataPath.ts"

/** Entries of an `$in` or `$nin`. */
const maxChoices = 100

/** Characters that `$contains` looks through, of all values at its path. */
export const maxSearched = 1000

const Text = Schema.String.check(Schema.isMaxLength(500), storable)
const Scalar = Schema.Union([Text, Schema.Finite, Schema.Boolean, Schema.Null])
const Ordered = Schema.Union([Text, Schema.Finite])
const Choice = Schema.Array(Scalar).check(Schema.isMinLength(1), Schema.isMaxLength(maxChoices))

/** Whether what stands at a path compares as it should. */
export type Comparison = (reached: Reached) => boolean

/** A way to compare. */
export interface Operator {
  /** What it compares with, in words. */
  readonly expected: string
  /** The comparison with an operand, or none when it takes no such operand. */
  readonly comparison: (operand: Schema.Json) => Option.Option<Comparison>
}

const operator = <Operand>(
  expected: string,
  schema: Schema.Codec<Operand>,
  make: (operand: Operand) => Comparison
): Operator => {
  const takes = Schema.is(schema)
  return {
    expected,
    comparison: (operand: unknown) => (takes(operand) ? Option.some(make(operand)) : Option.none())
  }
}

type Holds = (value: Schema.Json) => boolean

const any =
  (holds: Holds): Comparison =>
  ({ values }) =>
    values.some(holds)

const none =
  (holds: Holds): Comparison =>
  ({ values }) =>
    !values.some(holds)

const scalar = (quantified: (holds: Holds) => Comparison) =>
  operator("a text of at most 500 characters, a number, true, false or null", Scalar, (operand) =>
    quantified((value) => value === operand)
  )

const choice = (quantified: (holds: Holds) => Comparison) =>
  operator(`1 to ${maxChoices} texts, numbers, true, false or null`, Choice, (operand) => {
    const choices = new Set<Schema.Json>(operand)
    return quantified((value) => choices.has(value))
  })

const ordered = (holds: <A extends string | number>(value: A, operand: A) => boolean) =>
  operator("a number or a text of at most 500 characters", Ordered, (operand) =>
    typeof operand === "number"
      ? any((value) => typeof value === "number" && holds(value, operand))
      : any((value) => typeof value === "string" && holds(value, operand))
  )

const textual = (holds: (value: string, operand: string) => boolean) =>
  operator("a text of at most 500 characters", Text, (operand) =>
    any((value) => typeof value === "string" && holds(value, operand))
  )

const contains = operator("a text of at most 500 characters", Text, (operand) => ({ values }) => {
  let left = maxSearched
  for (const value of values) {
    if (typeof value !== "string") continue
    if (value.slice(0, left).includes(operand)) return true
    left = Math.max(0, left - value.length)
  }
  return false
})

/** What a filter compares with where it names no operator. */
export const equals = scalar(any)

/** Every operator by its name. Values of another type than the operand's never compare, nor are they coerced. */
export const operators: ReadonlyMap<string, Operator> = new Map([
  ["$eq", equals],
  ["$ne", scalar(none)],
  ["$gt", ordered((value, operand) => value > operand)],
  ["$gte", ordered((value, operand) => value >= operand)],
  ["$lt", ordered((value, operand) => value < operand)],
  ["$lte", ordered((value, operand) => value <= operand)],
  ["$in", choice(any)],
  ["$nin", choice(none)],
  [
    "$exists",
    operator(
      "true or false",
      Schema.Boolean,
      (operand) =>
        ({ exists }) =>
          exists === operand
    )
  ],
  // `startsWith` goes from character to character: over long texts that are nearly equal it takes twenty times as long.
  ["$startsWith", textual((value, operand) => value.slice(0, operand.length) === operand)],
  ["$endsWith", textual((value, operand) => value.slice(value.length - operand.length) === operand)],
  ["$contains", contains]
])
