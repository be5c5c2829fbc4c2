import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { Filter, matcherOf, matches } from "../src/Webhook/Filter.ts"

const decode = Schema.decodeUnknownEffect(Filter)

const Name = Schema.Literals(["a", "b", "__proto__", "constructor"])
const Scalar = Schema.Union([Schema.Literals([0, 1, 2, "", "a", "ab", "b", true, false]), Schema.Null])
const Text = Schema.Literals(["", "a", "b"])
const Ordinal = Schema.Literals([0, 1, "a", "ab"])
const Choice = Schema.Array(Scalar).check(Schema.isMinLength(1), Schema.isMaxLength(3))
const few = Schema.isMaxLength(3)

/** An object with any of the names. */
const named = <Value extends Schema.Top>(value: Value) =>
  Schema.Struct({
    a: Schema.optionalKey(value),
    b: Schema.optionalKey(value),
    ["__proto__"]: Schema.optionalKey(value),
    constructor: Schema.optionalKey(value)
  })
const Innermost = Schema.Union([Scalar, Schema.Array(Scalar).check(few), named(Scalar)])
const Inner = Schema.Union([Scalar, Schema.Array(Innermost).check(few), named(Innermost)])
const Data = Schema.Union([named(Inner), Schema.Array(named(Inner)).check(few)])

const pair = <Name extends string, Operand extends Schema.Top>(name: Name, operand: Operand) =>
  Schema.Tuple([Schema.Literal(name), operand])
const Comparison = Schema.Struct({
  path: Schema.Array(Name).check(Schema.isMinLength(1), few),
  operand: Schema.Union([
    pair("$eq", Scalar),
    pair("$ne", Scalar),
    pair("$gt", Ordinal),
    pair("$gte", Ordinal),
    pair("$lt", Ordinal),
    pair("$lte", Ordinal),
    pair("$in", Choice),
    pair("$nin", Choice),
    pair("$exists", Schema.Boolean),
    pair("$startsWith", Text),
    pair("$endsWith", Text),
    pair("$contains", Text)
  ])
})
const Tree = Schema.Struct({
  all: Schema.Array(Comparison).check(Schema.isMinLength(1), Schema.isMaxLength(2)),
  either: Schema.Array(Schema.Array(Comparison).check(Schema.isMinLength(1), few)).check(few),
  not: Schema.Array(Comparison).check(few)
})

/** The filter that a tree stands for, each comparison in an object of its own. */
const filterOf = ({ all, either, not }: typeof Tree.Type): Filter => {
  const one = ({ operand: [operator, operand], path }: typeof Comparison.Type): Filter => ({
    [path.join(".")]: { [operator]: operand }
  })
  const both = (many: ReadonlyArray<typeof Comparison.Type>): Filter => ({ $and: many.map(one) })
  return {
    $and: all.map(one),
    ...(either.length > 0 && { $or: either.map(both) }),
    ...(not.length > 0 && { $not: { $or: not.map(one) } })
  }
}

/** The same, said as plainly as can be. */
const oracle = ({ all, either, not }: typeof Tree.Type, data: unknown): boolean => {
  const own = (value: unknown): ReadonlyArray<readonly [string, unknown]> =>
    typeof value === "object" && value !== null ? Object.entries(value) : []
  const present = (value: unknown, [name, ...rest]: ReadonlyArray<string>): boolean =>
    Array.isArray(value)
      ? value.some((one) => present(one, [name ?? "", ...rest]))
      : own(value).some(([key, inner]) => key === name && (rest.length === 0 || present(inner, rest)))
  const ends = (value: unknown, path: ReadonlyArray<string>): ReadonlyArray<unknown> => {
    if (Array.isArray(value)) return value.flatMap((one) => ends(one, path))
    const [name, ...rest] = path
    if (name === undefined) return [value]
    return own(value).flatMap(([key, inner]) => (key === name ? ends(inner, rest) : []))
  }
  const holds = ({ operand: [operator, operand], path }: typeof Comparison.Type): boolean => {
    const values = ends(data, path)
    const is = (operator: string, value: unknown): boolean => {
      if (operator === "$eq") return value === operand
      if (operator === "$in") return Array.isArray(operand) && operand.includes(value)
      if (typeof value === "number" && typeof operand === "number") {
        if (operator === "$gt") return value > operand
        if (operator === "$gte") return value >= operand
        if (operator === "$lt") return value < operand
        return operator === "$lte" && value <= operand
      }
      if (typeof value !== "string" || typeof operand !== "string") return false
      if (operator === "$gt") return value > operand
      if (operator === "$gte") return value >= operand
      if (operator === "$lt") return value < operand
      if (operator === "$lte") return value <= operand
      if (operator === "$startsWith") return value.slice(0, operand.length) === operand
      if (operator === "$endsWith") return value.slice(value.length - operand.length) === operand
      return operator === "$contains" && value.split(operand).length > (operand === "" ? -1 : 1)
    }
    if (operator === "$exists") return present(data, path) === operand
    if (operator === "$ne") return values.every((value) => !is("$eq", value))
    if (operator === "$nin") return values.every((value) => !is("$in", value))
    return values.some((value) => is(operator, value))
  }
  return (
    all.every(holds) && (either.length === 0 || either.some((many) => many.every(holds))) && !not.some(holds)
  )
}

describe("filters", () => {
  const outcomes = new Set<boolean>()
  it.effect.prop(
    "agree with a plain reading of the documentation",
    [Tree, Data],
    ([tree, data]) =>
      Effect.gen(function* () {
        const filter = yield* decode(filterOf(tree))
        outcomes.add(matches(filter, data))
        assert.strictEqual(matches(filter, data), oracle(tree, data), JSON.stringify({ filter, data }))
      }),
    { arbitrary: { runs: 3000 } }
  )

  it("came out both ways", () => {
    assert.strictEqual(outcomes.size, 2)
  })

  it.effect.prop(
    "a filter is taken or refused and never more than that, and taken it never throws",
    [
      Schema.Record(
        Schema.Union([Schema.String, Name, Schema.Literals(["$and", "$or", "$not"])]),
        Schema.Json
      ),
      Schema.Json
    ],
    ([filter, data]) =>
      Effect.gen(function* () {
        const taken = yield* Effect.result(decode(filter))
        assert.isBoolean(matcherOf(filter)(data))
        if (Result.isFailure(taken)) assert.isFalse(matches(filter, data))
        else assert.deepStrictEqual(taken.success, filter)
      }),
    { arbitrary: { runs: 500 } }
  )
})
