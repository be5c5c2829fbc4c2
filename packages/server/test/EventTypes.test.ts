import { assert, layer } from "@effect/vitest"
import { Effect, type Schema } from "effect"
import { walk } from "./support/Pages.ts"
import { assertRefused } from "./support/Refused.ts"
import { TestService } from "./support/TestService.ts"
import { problemOf, send } from "./support/Wire.ts"

const invoice = {
  type: "object",
  required: ["id", "amount"],
  properties: {
    id: { type: "string", minLength: 3, maxLength: 20 },
    amount: { type: "integer", minimum: 0, exclusiveMaximum: 1_000_000, multipleOf: 5 },
    currency: { enum: ["EUR", "USD"] },
    "a/b ~%": { type: "number" },
    lines: {
      type: "array",
      minItems: 1,
      items: { type: "object", properties: { text: { type: "string" } }, additionalProperties: false }
    }
  }
}

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("Event types", (it) => {
  it.effect("are declared once and listed newest first", () =>
    Effect.gen(function* () {
      const { apiKey, client } = yield* (yield* TestService).tenant("Acme")
      const declare = (name: string) =>
        client.events.createEventType({ headers: {}, payload: { name, description: `About ${name}` } })
      const long = Array.from({ length: 8 }, () => "x".repeat(64)).join(".")
      const names = ["invoice.paid", "zebra", "invoice:sent", long, "Apple.eaten"]
      const declared = yield* Effect.forEach(names, declare)
      assert.deepStrictEqual(
        yield* walk((query) => client.events.listEventTypes({ query })),
        declared.toReversed()
      )
      yield* assertRefused(declare("zebra"), "Conflict", { detail: "The event type zebra exists" })
      const { items } = yield* client.audit.listAudit({ query: {} })
      const [entry] = items.filter(({ action }) => action === "event_type.created")
      assert.include(entry, { actor: apiKey.id, target: "Apple.eaten" })
    })
  )

  it.effect("are not taken from the platform's namespaces", () =>
    Effect.gen(function* () {
      const { apiKey } = yield* (yield* TestService).tenant("Acme")
      for (const name of [
        "integration:connected",
        "webhook:sent",
        "oauth.mine",
        "credential:x",
        "platform"
      ]) {
        const bodies = [
          ["/v1/event-types", { name }],
          ["/v1/events", { type: name, data: {} }]
        ] as const
        for (const [path, body] of bodies) {
          const { status, text } = yield* send("POST", path, { key: apiKey.secret, body })
          assert.strictEqual(status, 400, name)
          assert.include(
            JSON.stringify((yield* problemOf(text))["errors"]),
            "outside the reserved namespaces"
          )
        }
      }
    })
  )

  it.effect("refuse data that does not fit their schema, at its place", () =>
    Effect.gen(function* () {
      const { client } = yield* (yield* TestService).tenant("Acme")
      const { schema } = yield* client.events.createEventType({
        headers: {},
        payload: { name: "invoice.paid", schema: invoice }
      })
      assert.deepStrictEqual(schema, invoice)
      const publish = (data: Schema.Json, type = "invoice.paid") =>
        client.events.publishEvent({ headers: {}, payload: { type, data } })
      const fitting = { id: "in_1", amount: 5, currency: "EUR", lines: [{ text: "One" }], more: null }
      assert.deepStrictEqual((yield* publish(fitting)).data, fitting)
      const faulty: ReadonlyArray<readonly [data: Schema.Json, keyword: string, ...path: Array<string>]> = [
        [42, "type"],
        [{ id: "in_1" }, "required"],
        [{ ...fitting, amount: 7 }, "multipleOf", "amount"],
        [{ ...fitting, amount: -5 }, "minimum", "amount"],
        [{ ...fitting, id: "x" }, "minLength", "id"],
        [{ ...fitting, currency: "GBP" }, "enum", "currency"],
        [{ ...fitting, lines: [] }, "minItems", "lines"],
        [{ ...fitting, lines: [{ text: "One" }, { text: 2 }] }, "type", "lines", "1", "text"],
        [{ ...fitting, "a/b ~%": "c" }, "type", "a/b ~%"]
      ]
      for (const [data, keyword, ...path] of faulty) {
        yield* assertRefused(publish(data), "Unprocessable", {
          errors: [
            {
              path: ["payload", "data", ...path],
              message: `Does not fit the event type's schema: ${keyword}`
            }
          ]
        })
      }
      yield* assertRefused(publish({ ...fitting, lines: [{ other: "One" }] }), "Unprocessable", {
        errors: [
          {
            path: ["payload", "data", "lines", "0", "other"],
            message: "The event type's schema has no place for this"
          }
        ]
      })
      yield* publish(42, "invoice.other")
      const { items } = yield* client.events.listEvents({ query: {} })
      assert.lengthOf(items, 2)
    })
  )

  it.effect("take only schemas whose cost is bounded", () =>
    Effect.gen(function* () {
      const { client } = yield* (yield* TestService).tenant("Acme")
      const declare = (name: string, schema: { readonly [keyword: string]: Schema.Json }) =>
        client.events.createEventType({ headers: {}, payload: { name, schema } })
      const unsupported: ReadonlyArray<
        readonly [schema: { readonly [keyword: string]: Schema.Json }, ...path: Array<string>]
      > = [
        [{ pattern: "^(a+)+$" }, "pattern"],
        [{ $ref: "#" }, "$ref"],
        [{ $dynamicRef: "#a" }, "$dynamicRef"],
        [{ patternProperties: { "^a": {} } }, "patternProperties"],
        [{ format: "email" }, "format"],
        [{ $defs: { a: {} } }, "$defs"],
        [{ properties: { name: { pattern: "x" } } }, "properties", "name", "pattern"],
        [{ anyOf: [{}, { items: { $ref: "#" } }] }, "anyOf", "1", "items", "$ref"]
      ]
      for (const [schema, ...path] of unsupported) {
        yield* assertRefused(declare("bad", schema), "Unprocessable", {
          errors: [{ path: ["payload", "schema", ...path], message: "This keyword is not supported" }]
        })
      }
      const deep = Array.from({ length: 40 }).reduce<{ readonly [keyword: string]: Schema.Json }>(
        (inner) => ({ items: inner }),
        {}
      )
      const refused = yield* Effect.flip(declare("deep", deep))
      assert.strictEqual(refused._tag, "Unprocessable")
      yield* assertRefused(declare("large", { description: "x".repeat(40_000) }), "Unprocessable", {
        detail: "A schema has at most 32768 characters"
      })
      assert.deepStrictEqual((yield* client.events.listEventTypes({ query: {} })).items, [])
      yield* declare("properties.named.so", { properties: { pattern: { type: "string" }, $ref: {} } })
    })
  )
})
