import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { valueAt } from "../src/Webhook/DataPath.ts"
import { Filter, matches } from "../src/Webhook/Filter.ts"

const decode = Schema.decodeUnknownEffect(Filter)
const json = (text: string) => Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Json))(text)

const data = {
  id: "in_1042",
  amount: 4200,
  paid: true,
  note: null,
  due: "2026-02-03T04:05:06.000Z",
  customer: { plan: "pro", tags: ["eu", "vip"], constructor: "own" },
  lines: [{ sku: "a", price: 5, tags: ["x"] }, { sku: "b", price: 50, tags: [] }, [{ sku: "nested" }]],
  empty: [],
  object: {}
}

/** Filters that hold for the data above, and ones that do not. */
const holding: ReadonlyArray<Filter> = [
  { id: "in_1042" },
  { amount: 4200 },
  { amount: { $eq: 4200.0 } },
  { paid: true },
  { note: null },
  { "customer.plan": "pro" },
  { "customer.tags": "vip" },
  { "customer.tags": { $in: ["us", "eu"] } },
  { "customer.tags": { $ne: "us" } },
  { "customer.constructor": "own" },
  { "lines.sku": "b" },
  { "lines.sku": "nested" },
  { "lines.tags": "x" },
  { "lines.price": { $gt: 49 } },
  // Each comparison stands alone: no single line is both.
  { "lines.price": { $gt: 10, $lt: 10 } },
  { amount: { $gte: 4200, $lte: 4200 } },
  { amount: { $gt: 4199.5, $lt: 4200.5 } },
  { due: { $gte: "2026-01-01", $lt: "2026-03-01" } },
  { id: { $startsWith: "in_", $endsWith: "42", $contains: "_10" } },
  { id: { $startsWith: "", $endsWith: "", $contains: "" } },
  { amount: { $exists: true }, note: { $exists: true }, empty: { $exists: true }, object: { $exists: true } },
  { missing: { $exists: false }, "id.deeper": { $exists: false }, "empty.x": { $exists: false } },
  { missing: { $ne: 1, $nin: [1, null] } },
  { amount: { $ne: "4200", $nin: ["4200", true] } },
  { object: { $ne: null } },
  { $and: [{ paid: true }, { amount: 4200 }] },
  { $or: [{ paid: false }, { amount: 4200 }] },
  { $not: { paid: false } },
  { paid: true, $or: [{ amount: 1 }, { $not: { missing: { $exists: true } } }] }
]
const failing: ReadonlyArray<Filter> = [
  { id: "IN_1042" },
  { amount: "4200" },
  { amount: true },
  { paid: "true" },
  { paid: 1 },
  { note: false },
  { note: 0 },
  { missing: null },
  { missing: { $in: [null] } },
  { "customer.tags": { $ne: "vip" } },
  { "customer.tags": { $nin: ["vip"] } },
  { customer: "pro" },
  { "customer.plan.length": 3 },
  { "customer.tags.0": "eu" },
  { "customer.tags.length": 2 },
  { "lines.price": { $gt: 50 } },
  { amount: { $gt: "0" } },
  { id: { $gt: 0 } },
  { paid: { $gte: 0 } },
  { note: { $lte: 0 } },
  { amount: { $contains: "2" } },
  { "customer.tags": { $startsWith: "p" } },
  { amount: { $exists: false } },
  { toString: { $exists: true } },
  { constructor: { $exists: true } },
  { "constructor.name": "Object" },
  { "__proto__.constructor.name": "Object" },
  { "id.length": { $exists: true } },
  { empty: { $eq: null } },
  { $and: [{ paid: true }, { amount: 1 }] },
  { $or: [{ paid: false }, { amount: 1 }] },
  { $not: { paid: true } },
  { paid: true, $or: [{ amount: 1 }] }
]

describe("matches", () => {
  it.effect("compares as documented", () =>
    Effect.gen(function* () {
      for (const filter of holding)
        assert.isTrue(matches(yield* decode(filter), data), JSON.stringify(filter))
      for (const filter of failing)
        assert.isFalse(matches(yield* decode(filter), data), JSON.stringify(filter))
    })
  )

  it.effect("takes data that are no object", () =>
    Effect.gen(function* () {
      for (const data of [null, true, 1, "text", [], [1], {}]) {
        assert.isFalse(matches(yield* decode({ a: { $exists: true } }), data))
        assert.isTrue(matches(yield* decode({ a: { $exists: false } }), data))
      }
      assert.isTrue(matches(yield* decode({ a: 1 }), [{ a: 2 }, [{ a: 1 }]]))
    })
  )

  it.effect("knows names by the data's own properties", () =>
    Effect.gen(function* () {
      const hostile = json(
        '{"__proto__": {"admin": true}, "constructor": {"prototype": 1}, "hasOwnProperty": 1}'
      )
      for (const filter of [
        '{"__proto__.admin": true}',
        '{"constructor.prototype": 1}',
        '{"hasOwnProperty": 1}',
        '{"__proto__": {"$exists": true}}'
      ]) {
        const decoded = yield* decode(json(filter))
        assert.isTrue(matches(decoded, hostile), filter)
        assert.isFalse(matches(decoded, {}), filter)
      }
    })
  )

  it.effect("survives data of any depth and width", () =>
    Effect.gen(function* () {
      const depth = 100_000
      const nested = json(`{"a":${"[".repeat(depth)}{"b":1}${"]".repeat(depth)}}`)
      assert.isFalse(matches(yield* decode({ "a.b": 1 }), nested))
      const shallow = json(`{"a":${"[".repeat(100)}{"b":1}${"]".repeat(100)}}`)
      assert.isTrue(matches(yield* decode({ "a.b": 1 }), shallow))
      const objects = json(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`)
      assert.isTrue(matches(yield* decode({ "a.a.a": { $exists: true } }), objects))
      const long = { rows: Array.from({ length: 101 }, (_, index) => index) }
      assert.isTrue(matches(yield* decode({ rows: 99 }), long))
      assert.isFalse(matches(yield* decode({ rows: 100 }), long))
      const note = { note: `${"-".repeat(999)}ab` }
      assert.isTrue(matches(yield* decode({ note: { $contains: "-a" } }), note))
      assert.isFalse(matches(yield* decode({ note: { $contains: "ab" } }), note))
      const notes = { note: ["-".repeat(999), "ab"] }
      assert.isTrue(matches(yield* decode({ note: { $contains: "a" } }), notes))
      assert.isFalse(matches(yield* decode({ note: { $contains: "b" } }), notes))
      assert.isTrue(matches(yield* decode({ note: { $endsWith: "ab" } }), note))
      const wide = { rows: Array.from({ length: 130_000 }, () => 1) }
      const comparisons = Array.from({ length: 50 }, () => ({ rows: { $gt: 1 } }))
      assert.isFalse(matches(yield* decode({ $or: comparisons }), wide))
      const text = "a".repeat(250_000)
      const searches = Array.from({ length: 50 }, () => ({ text: { $contains: `b${"a".repeat(99)}` } }))
      assert.isFalse(matches(yield* decode({ $or: searches }), { text }))
    })
  )

  it.effect("looks at no more of the data for many comparisons than for one", () =>
    Effect.gen(function* () {
      let reads = 0
      const counted = <A extends object>(target: A) =>
        new Proxy(target, {
          get: (of, name) => {
            reads += 1
            return Reflect.get(of, name)
          }
        })
      const readsOf = Effect.fnUntraced(function* (filter: Filter) {
        const data = { rows: counted(Array.from({ length: 10_000 }, () => counted({ a: 1, b: 1 }))) }
        reads = 0
        assert.isFalse(matches(yield* decode(filter), data))
        return reads
      })
      const one = yield* readsOf({ "rows.a": 2 })
      assert.isBelow(one, 500)
      const ways = (path: string) => Array.from({ length: 25 }, (_, n) => ({ [path]: { $gt: n + 1 } }))
      const many = yield* readsOf({ $or: [...ways("rows.a"), ...ways("rows.b")] })
      // The other name of each element.
      assert.isAtMost(many, one + 100)
    })
  )

  it("holds for nothing when the filter was never checked and is no filter", () => {
    for (const filter of [
      {},
      { $nor: [] },
      { a: [] },
      { $not: { a: { $regex: "." } } },
      { a: { $gt: null } }
    ]) {
      assert.isFalse(matches(filter, { a: 1 }))
    }
  })
})

describe("valueAt", () => {
  it("gives the first value at a path", () => {
    assert.strictEqual(valueAt(data, "customer.plan"), "pro")
    assert.strictEqual(valueAt(data, "lines.sku"), "a")
    assert.strictEqual(valueAt(data, "note"), null)
    assert.deepStrictEqual(valueAt(data, "object"), {})
    for (const path of ["missing", "empty", "constructor", "customer.plan.x"]) {
      assert.isUndefined(valueAt(data, path))
    }
  })
})

/** Nested in one another, this many filters. */
const nested = (levels: number, wrap: (inner: Filter) => Filter): Filter =>
  levels === 1 ? { a: 1 } : wrap(nested(levels - 1, wrap))

/** As many bytes of JSON as said, with letters of two bytes each. */
const sized = (bytes: number): Filter => {
  const choices = Array.from({ length: 8 }, () => "ü".repeat(490))
  const rest = bytes - new TextEncoder().encode(JSON.stringify({ a: { $in: [...choices, ""] } })).length
  return { a: { $in: [...choices, "b".repeat(rest)] } }
}

describe("Filter", () => {
  const refusals: ReadonlyArray<readonly [filter: unknown, reason: RegExp]> = [
    [null, /Expected Filter/],
    [[], /Expected Filter/],
    ["a = 1", /Expected Filter/],
    [{}, /at least one comparison/],
    [{ "": 1 }, /Expected a path .*\n {2}at \[""\]/],
    [{ "a..b": 1 }, /at \["a\.\.b"\]/],
    [{ ".a": 1 }, /Expected a path/],
    [{ "a.": 1 }, /Expected a path/],
    [{ "a\u0000": 1 }, /Expected a path/],
    [{ "a\ud800": 1 }, /Expected a path/],
    [{ [Array.from({ length: 11 }, () => "a").join(".")]: 1 }, /1 to 10 names/],
    [{ ["a".repeat(501)]: 1 }, /Expected a path/],
    [{ $where: "true" }, /\$and, \$or, \$not\n {2}at \["\$where"\]/],
    [{ a: {} }, /Expected an operator, got none\n {2}at \["a"\]/],
    [{ a: [] }, /Expected a text of at most 500 characters, a number, true, false or null\n {2}at \["a"\]/],
    [{ a: { b: 1 } }, /Expected an operator \(\$eq, .*\$contains\)\n {2}at \["a"\]/],
    [{ a: { $regex: ".*" } }, /Expected an operator/],
    [{ a: { $eq: {} } }, /at \["a"\]\["\$eq"\]/],
    [{ a: { $eq: [1] } }, /at \["a"\]\["\$eq"\]/],
    [{ a: { $gt: null } }, /Expected a number or a text .*\n {2}at \["a"\]\["\$gt"\]/],
    [{ a: { $lte: true } }, /\["\$lte"\]/],
    [{ a: { $in: [] } }, /Expected 1 to 100 .*\n {2}at \["a"\]\["\$in"\]/],
    [{ a: { $in: "b" } }, /\["\$in"\]/],
    [{ a: { $nin: [[1]] } }, /\["\$nin"\]/],
    [{ a: { $in: Array.from({ length: 101 }, (_, index) => index) } }, /Expected 1 to 100/],
    [{ a: { $exists: 1 } }, /Expected true or false\n {2}at \["a"\]\["\$exists"\]/],
    [{ a: { $startsWith: 1 } }, /Expected a text .*\n {2}at \["a"\]\["\$startsWith"\]/],
    [{ a: { $contains: "b".repeat(501) } }, /at most 500/],
    [{ a: "b".repeat(501) }, /at most 500/],
    [{ a: "\u0000" }, /Expected a text/],
    [{ a: { $endsWith: "\udfff" } }, /Expected a text/],
    [{ $and: [] }, /Expected 1 to 50 filters\n {2}at \["\$and"\]/],
    [{ $or: { a: 1 } }, /Expected 1 to 50 filters\n {2}at \["\$or"\]/],
    [{ $or: [{ a: 1 }, {}] }, /at least one comparison\n {2}at \["\$or"\]\[1\]/],
    [{ $and: ["a"] }, /Expected a filter, .*\n {2}at \["\$and"\]\[0\]/],
    [{ $not: [{ a: 1 }] }, /Expected a filter, .*\n {2}at \["\$not"\]/],
    [nested(6, (inner) => ({ $not: inner })), /Expected at most 5 levels/],
    [nested(6, (inner) => ({ $and: [inner] })), /Expected at most 5 levels/],
    [nested(5000, (inner) => ({ $or: [inner] })), /Expected at most 5 levels/],
    [
      Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`a${index}`, 1])),
      /at most 50 comparisons/
    ],
    [{ $and: Array.from({ length: 26 }, () => ({ a: { $gt: 1, $lt: 2 } })) }, /at most 50 comparisons/],
    [{ $or: Array.from({ length: 51 }, () => ({ a: 1 })) }, /Expected 1 to 50 filters/],
    [sized(8193), /Expected a filter of at most 8 KiB as JSON/]
  ]

  it.effect("refuses what is no filter, and names the place", () =>
    Effect.gen(function* () {
      for (const [filter, reason] of refusals) {
        const { message } = yield* Effect.flip(decode(filter))
        assert.match(message, reason)
      }
    })
  )

  it.effect("takes what is just within its bounds", () =>
    Effect.gen(function* () {
      for (const filter of [
        nested(5, (inner) => ({ $not: inner })),
        { [Array.from({ length: 10 }, () => "a").join(".")]: "b".repeat(500) },
        { a: { $in: Array.from({ length: 100 }, (_, index) => index) } },
        { $and: Array.from({ length: 25 }, () => ({ a: { $gt: 1, $lt: 2 } })) },
        { "a b.ü.-": 1 },
        sized(8192)
      ]) {
        assert.deepStrictEqual<unknown>(yield* decode(filter), filter)
      }
    })
  )

  it.effect("tells of a few faults at most, however many there are", () =>
    Effect.gen(function* () {
      const faults = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`$${index}`, 1]))
      const { message } = yield* Effect.flip(decode(faults))
      assert.isBelow(message.length, 2000)
    })
  )
})
