import type { Dedupe } from "@do-integrations/domain/Webhook/Inbound/Locator"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { identifier } from "../src/InboundWebhooks/Identify.ts"
import { post } from "./support/SchemeSender.ts"
import { readBy, received } from "./support/Verifying.ts"

/** The id of a body at a path. */
const idAt = (path: string, body: string) => {
  const dedupe: Dedupe = { by: "path", path }
  return identifier({ dedupe }, {})(received(post(body, {}))).key
}

const form = (body: string) =>
  received(post(body, { "content-type": "application/x-www-form-urlencoded" })).payload

describe("what a sender says of a message", () => {
  it.effect("is no id where it is a number that others are read as too", () =>
    Effect.sync(() => {
      for (const number of ["9007199254740992", "9007199254740993", "-9007199254740992", "1e21", "1e999"]) {
        assert.isUndefined(idAt("id", `{"id":${number}}`), number)
        assert.isUndefined(readBy({ type: "stripe" }, post(`{"id":${number}}`, {})).id, number)
        const [event] = [`[{"sg_event_id":${number}}]`]
        assert.isUndefined(readBy({ type: "sendgrid" }, post(event, {})).id, number)
      }
      for (const other of ["true", "null", "{}", "[]", '""', '[""]', "[[1]]"]) {
        assert.isUndefined(idAt("id", `{"id":${other}}`), other)
      }
      assert.strictEqual(idAt("id", '{"id":9007199254740991}'), "9007199254740991")
      assert.strictEqual(idAt("id", '{"id":1700000000.25}'), "1700000000.25")
      assert.strictEqual(idAt("id", '{"id":"9007199254740993"}'), "9007199254740993")
    })
  )

  it.effect("is every id that a path leads to", () =>
    Effect.sync(() => {
      const events = (...ids: ReadonlyArray<string>) => JSON.stringify({ events: ids.map((id) => ({ id })) })
      const bodies = [
        ["A"],
        ["A", "B"],
        ["A", "C"],
        ["B", "A"],
        ["A", "B", "C"],
        ["A,B"],
        ["A,B", "C"],
        ["A", "B,C"],
        ['A","B']
      ]
      const keys = bodies.map((ids) => idAt("events.id", events(...ids)))
      assert.strictEqual(new Set(keys).size, bodies.length)
      assert.notInclude(keys, undefined)
      assert.strictEqual(keys[0], "A")
      assert.strictEqual(keys[1], idAt("id", '[{"id":"A"},{"id":"B"}]'))
      assert.strictEqual(idAt("ids", '{"ids":["A","B"]}'), keys[1])
    })
  )

  it.effect("is no id where one of several has none, or where they are a hundred", () =>
    Effect.sync(() => {
      const many = (count: number) => Array.from({ length: count }, (_, n) => ({ id: `e${n}` }))
      assert.isString(idAt("events.id", JSON.stringify({ events: many(99) })))
      for (const events of [
        many(100),
        many(5000),
        [{ id: "A" }, {}],
        [{ id: "A" }, { id: null }],
        [[{ id: "A" }]]
      ]) {
        assert.isUndefined(idAt("events.id", JSON.stringify({ events })))
        assert.isUndefined(idAt("id", JSON.stringify(events)))
      }
      const ids = Array.from({ length: 50 }, () => ({ id: ["A", "B"] }))
      assert.isUndefined(idAt("events.id", JSON.stringify({ events: ids })))
    })
  )

  it.effect("is not read from a form of more than a thousand fields", () =>
    Effect.sync(() => {
      const fields = (count: number) => Array.from({ length: count }, (_, n) => `f${n}=${n}`).join("&")
      assert.deepInclude(Option.getOrThrow(form(fields(1000))), { f0: "0", f999: "999" })
      assert.isTrue(Option.isNone(form(fields(1001))))
      const start = performance.now()
      // Quadratic to parse: seconds.
      assert.isTrue(Option.isNone(form(`a=&${"a&".repeat(524_000)}`)))
      assert.isBelow(performance.now() - start, 1000)
      // It is the form that is bounded: JSON may hold as many as it likes.
      assert.isTrue(Option.isSome(received(post(JSON.stringify({ text: "&".repeat(2000) }), {})).payload))
    })
  )
})
