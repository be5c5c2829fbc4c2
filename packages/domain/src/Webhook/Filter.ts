import { Option, Schema } from "effect"
import { DataPath, maxElements, reachIn } from "./DataPath.ts"
import { equals, maxSearched, type Operator, operators } from "./Filter/Operators.ts"

/** Levels of `$and`, `$or` and `$not`, the filter itself being the first. */
export const maxFilterDepth = 5

/** Comparisons of one filter; each operator is one. */
export const maxComparisons = 50

/** Bytes of a filter as JSON without spaces. */
export const maxFilterBytes = 8 * 1024

/** Faults that are told at once. */
const maxFaults = 10

type Place = ReadonlyArray<PropertyKey>
type Test = (reach: ReturnType<typeof reachIn>) => boolean

const never: Test = () => false
const all =
  (tests: ReadonlyArray<Test>): Test =>
  (reach) =>
    tests.every((test) => test(reach))
const any =
  (tests: ReadonlyArray<Test>): Test =>
  (reach) =>
    tests.some((test) => test(reach))
const not =
  (test: Test): Test =>
  (reach) =>
    !test(reach)

const isPath = Schema.is(DataPath)
const isList = (value: Schema.Json): value is ReadonlyArray<Schema.Json> => Array.isArray(value)
const isObject = (value: Schema.Json): value is Schema.JsonObject =>
  typeof value === "object" && value !== null && !isList(value)

/** Reads a filter: the test that it stands for, and what is wrong with it. It stops soon after too much. */
const read = (filter: Schema.JsonObject) => {
  const faults: Array<{ readonly path: Place; readonly issue: string }> = []
  let comparisons = 0
  const fault = (path: Place, issue: string) => {
    if (faults.length < maxFaults) faults.push({ path, issue })
    return never
  }

  const comparison = (
    path: DataPath,
    { comparison, expected }: Operator,
    operand: Schema.Json,
    at: Place
  ) => {
    if (++comparisons > maxComparisons) {
      return comparisons > maxComparisons + 1
        ? never
        : fault([], `Expected at most ${maxComparisons} comparisons`)
    }
    return Option.match(comparison(operand), {
      onNone: () => fault(at, `Expected ${expected}`),
      onSome:
        (holds): Test =>
        (reach) =>
          holds(reach(path))
    })
  }

  const path = (path: string, value: Schema.Json, at: Place): Test => {
    if (!isPath(path)) return fault(at, "Expected a path of 1 to 10 names joined by dots, or $and, $or, $not")
    if (!isObject(value)) return comparison(path, equals, value, at)
    const entries = Object.entries(value)
    if (entries.length === 0) return fault(at, "Expected an operator, got none")
    return all(
      entries.map(([name, operand]) => {
        const operator = operators.get(name)
        return operator === undefined
          ? fault(at, `Expected an operator (${[...operators.keys()].join(", ")})`)
          : comparison(path, operator, operand, [...at, name])
      })
    )
  }

  const several = (value: Schema.Json, at: Place, depth: number): ReadonlyArray<Test> => {
    if (isList(value) && value.length > 0 && value.length <= maxComparisons) {
      return value.map((one, index) => level(one, [...at, index], depth))
    }
    return [fault(at, `Expected 1 to ${maxComparisons} filters`)]
  }

  const level = (filter: Schema.Json, at: Place, depth: number): Test => {
    if (depth > maxFilterDepth) return fault(at, `Expected at most ${maxFilterDepth} levels of filters`)
    if (!isObject(filter)) return fault(at, "Expected a filter, which is an object")
    const entries = Object.entries(filter)
    if (entries.length === 0) return fault(at, "Expected at least one comparison")
    return all(
      entries.map(([key, value]) => {
        const place = [...at, key]
        switch (key) {
          case "$and":
            return all(several(value, place, depth + 1))
          case "$or":
            return any(several(value, place, depth + 1))
          case "$not":
            return not(level(value, place, depth + 1))
          default:
            return path(key, value, place)
        }
      })
    )
  }

  return { test: level(filter, [], 1), faults }
}

const utf8 = new TextEncoder()

/** What is wrong with a filter. Its size is only asked for where its form is right, and so its depth bounded. */
const faultsOf = (filter: Schema.JsonObject) => {
  const { faults } = read(filter)
  return faults.length > 0 || utf8.encode(JSON.stringify(filter)).length <= maxFilterBytes
    ? faults
    : `Expected a filter of at most ${maxFilterBytes / 1024} KiB as JSON`
}

/**
 * Which events are wanted, by their data: an object of paths and what has to stand there, all of which has to
 * hold. `{ "customer.plan": "pro", "amount": { "$gte": 100, "$lt": 1000 } }`
 *
 * - A text, number, boolean or `null` has to be equal; an object holds operators, all of which have to hold:
 *   `$eq`, `$ne`, `$gt`, `$gte`, `$lt`, `$lte`, `$in`, `$nin`, `$exists`, `$startsWith`, `$endsWith`, `$contains`
 *   (a text within the first 1,000 characters of what stands there).
 * - `$and` and `$or` take a list of filters, `$not` one; they stand beside paths at any level.
 * - Arrays stand for their elements, the first 100 of them: a comparison holds when it does for any of them.
 *   `$ne` and `$nin` are the contrary of `$eq` and `$in`: they hold when no element is equal, and where nothing
 *   stands at the path.
 * - Nothing is coerced: a number and a text are neither equal nor in any order. Texts are ordered by their
 *   UTF-16 code units, as ISO 8601 times in UTC are.
 */
export const Filter = Schema.JsonObject.annotate({
  description:
    "Paths into the data and what has to stand there, all of which has to hold: a text, number, boolean or null " +
    "that has to be equal, or an object of `$eq`, `$ne`, `$gt`, `$gte`, `$lt`, `$lte`, `$in`, `$nin` (a list each), " +
    "`$exists` (true or false), `$startsWith`, `$endsWith`, `$contains` (a text each). Filters are joined by `$and` " +
    "and `$or` (a list of filters) and `$not` (one), beside paths at any level. An array stands for each of its " +
    `first ${maxElements} elements, and \`$contains\` looks at the first ${maxSearched} characters. Nothing is coerced. ` +
    `At most ${maxComparisons} comparisons on ${maxFilterDepth} levels, ${maxFilterBytes / 1024} KiB as JSON.`,
  examples: [
    { "customer.plan": { $in: ["pro", "team"] }, $or: [{ amount: { $gte: 100 } }, { urgent: true }] }
  ]
})
  .check(Schema.makeFilter(faultsOf))
  // Apart from the description, which a check of our own would take out of the document.
  .annotate({ identifier: "Filter" })
export type Filter = typeof Filter.Type

/** Whether data fit. */
export type Matcher = (data: Schema.Json) => boolean

/** The test that a filter stands for. Make it once for many data: reading the filter takes longer than the test. */
export const matcherOf = (filter: Filter): Matcher => {
  const { faults, test } = read(filter)
  return faults.length === 0 ? (data) => test(reachIn(data)) : () => false
}

/** Whether data fit a filter. Never throws, whatever the data, and takes a fraction of a millisecond. */
export const matches = (filter: Filter, data: Schema.Json): boolean => matcherOf(filter)(data)
