import { maxDepth } from "@do-integrations/domain/Json"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { problemOf } from "./support/ProblemDocument.ts"
import { type RawRequest, sendRaw } from "./support/RawHttp.ts"
import { bearer, type Case, get, json, patch, post, refuseAll } from "./support/Refusals.ts"
import { TestService } from "./support/TestService.ts"

const integration = {
  type: "api_key",
  name: "Billing",
  baseUrl: "https://127.0.0.1",
  placement: { in: "bearer" },
  credential: "sk_live_2Zp0"
}
const outbound = { url: "https://127.0.0.1/hooks", eventTypes: ["*"] }
const inbound = { name: "GitHub", scheme: { type: "github" }, secrets: ["It's a Secret to Everybody"] }
const copy = { name: "copy", to: { type: "url", url: "https://127.0.0.1/copy" } }
const hmac = { type: "hmac", header: "x-signature", algorithm: "sha256", encoding: "hex" }
const nested = (levels: number, open = "[", close = "]") => open.repeat(levels) + close.repeat(levels)
const event = (data: string) => post("/v1/events", `{"type":"a.b","data":${data}}`)
const schema = (content: unknown) => post("/v1/event-types", { name: "a.b", schema: content })

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("bad input", (it) => {
  it.effect("of the wrong shape is refused by a problem that names the place", () =>
    refuseAll([
      [
        "an unknown field",
        post("/v1/integrations", { ...integration, colour: "red" }),
        400,
        "payload.colour"
      ],
      [
        "an unknown nested field",
        post("/v1/webhooks/inbound", { ...inbound, scheme: { type: "github", colour: "red" } }),
        400,
        "payload.scheme.colour"
      ],
      ["an unknown query parameter", get("/v1/events?colour=red"), 400, "query.colour"],
      ["a number for text", post("/v1/integrations", { ...integration, name: 7 }), 400, "payload.name"],
      [
        "text for a list",
        post("/v1/webhooks/outbound", { ...outbound, eventTypes: "*" }),
        400,
        "payload.eventTypes"
      ],
      [
        "a wrong item of a list",
        post("/v1/api-keys", { name: "Key", scopes: ["events:read", "events:everything"] }),
        400,
        "payload.scopes.1"
      ],
      ["a missing field", post("/v1/events", { type: "a.b" }), 400, "payload.data"],
      ["a list for an object", post("/v1/events", []), 400, "payload"],
      ["null for an object", post("/v1/events", "null"), 400, "payload"],
      ["no body", post("/v1/events", ""), 400, "payload"],
      ["malformed JSON", post("/v1/events", '{"type":"a.b",'), 400, "payload"],
      [
        "a vendor's setting of the wrong type",
        patch("/v1/deep-integrations/stripe", { platformFeePercent: "2" }),
        400,
        "payload.platformFeePercent"
      ],
      [
        "what the vendor proves",
        patch("/v1/deep-integrations/stripe", { accountId: "acct_1" }),
        422,
        "payload.accountId"
      ],
      [
        "another vendor's setting",
        patch("/v1/deep-integrations/stripe", { zoneIds: ["z"] }),
        400,
        "payload.zoneIds"
      ],
      ["an unknown vendor", get("/v1/deep-integrations/shopify"), 400, "params.type"],
      [
        "an event of the platform's",
        post("/v1/events", { type: "webhook:received", data: {} }),
        400,
        "payload.type"
      ],
      [
        "a secret that the scheme cannot have",
        post("/v1/webhooks/inbound", { ...inbound, scheme: { type: "standard" } }),
        422,
        "payload.secrets"
      ],
      [
        "two routes of one name",
        post("/v1/webhooks/inbound", { ...inbound, routes: [copy, copy] }),
        400,
        "payload.routes"
      ],
      [
        "a route's target that is none",
        post("/v1/webhooks/inbound", { ...inbound, routes: [{ name: "a", to: { type: "nowhere" } }] }),
        400,
        "payload.routes.0.to"
      ],
      [
        "a handler that nobody has written",
        post("/v1/webhooks/inbound", {
          ...inbound,
          routes: [copy, { name: "a", to: { type: "handler", handler: "nobody" } }]
        }),
        422,
        "payload.routes.1.to.handler"
      ],
      [
        "an event type of the platform's for what comes in",
        post("/v1/webhooks/inbound", {
          ...inbound,
          routes: [{ name: "a", to: { type: "event", eventType: "webhook:{type}" } }]
        }),
        400,
        "payload.routes.0.to.eventType"
      ],
      [
        "a network that is none",
        post("/v1/webhooks/inbound", { ...inbound, allowedNetworks: ["192.0.2.0/33"] }),
        400,
        "payload.allowedNetworks.0"
      ],
      ["a state that no message is in", get("/v1/messages?state=exhausted"), 400, "query.state"],
      [
        "a replay without a beginning",
        post("/v1/webhooks/inbound/whi_01ja5c3v9tfk8b0000000000aa/replay", { states: ["dead"] }),
        400,
        "payload.since"
      ],
      [
        "a replay of what still waits",
        post("/v1/webhooks/inbound/whi_01ja5c3v9tfk8b0000000000aa/replay", {
          since: "2026-01-01T00:00:00Z",
          states: ["pending"]
        }),
        400,
        "payload.states.0"
      ],
      [
        "a replay on a route with an absurd name",
        post("/v1/messages/msg_01ja5c3v9tfk8b0000000000aa/replay", { routes: ["a b"] }),
        400,
        "payload.routes.0"
      ],
      ["a message that nobody has", post("/v1/messages/msg_01ja5c3v9tfk8b0000000000aa/cancel", ""), 404],
      [
        "a header that is none",
        post("/v1/webhooks/inbound", { ...inbound, scheme: { ...hmac, header: "a b" } }),
        400,
        "payload.scheme.header"
      ]
    ])
  )

  it.effect("of absurd ids, cursors and numbers is refused", () =>
    refuseAll([
      ["an id of another kind", get("/v1/integrations/evt_01ja5c3v9tfk8b0000000000aa"), 400, "params.id"],
      ["an id with NUL", get("/v1/integrations/int_%00"), 400, "params.id"],
      ["an id that nobody has", get("/v1/integrations/int_01ja5c3v9tfk8b0000000000aa"), 404],
      ["an id that is no UTF-8", get("/v1/integrations/%E0%A4%A"), 404],
      ["an id without an end", get(`/v1/integrations/${"a".repeat(5000)}`), 404],
      [
        "a position beyond 64 bits",
        get(`/v1/events?cursor=${"9".repeat(20)}-${"9".repeat(19)}`),
        400,
        "query.cursor"
      ],
      [
        "a position with a sequence beyond 63 bits",
        get("/v1/events?cursor=1-9223372036854775808"),
        400,
        "query.cursor"
      ],
      ["a cursor in other characters", get("/v1/integrations?cursor=%27%20OR%201%3D1"), 400, "query.cursor"],
      [
        "a position that is none",
        { ...get("/v1/events/stream"), headers: { "last-event-id": "yesterday" } },
        400,
        "headers.last-event-id"
      ],
      ...["0", "-1", "101", "1.5", "1e400", "NaN", "0x10", "", "9".repeat(400)].map((limit): Case => [
        `a limit of ${limit.slice(0, 10)}`,
        get(`/v1/events?limit=${limit}`),
        400,
        "query.limit"
      ]),
      ["a parameter given twice", get("/v1/integrations?limit=1&limit=2"), 400, "query.limit"],
      ["a fee beyond any number", patch("/v1/deep-integrations/stripe", '{"platformFeePercent":1e999}'), 400],
      ["a negative retention", patch("/v1/settings", { retentionDays: -1 }), 400, "payload.retentionDays"],
      [
        "a lifetime of ages",
        post("/v1/api-keys", { name: "Key", scopes: ["events:read"], expiresIn: 1e300 }),
        400,
        "payload.expiresIn"
      ],
      ["data beyond any number", event("1e999"), 400, "payload.data"],
      [
        "an Idempotency-Key with a space",
        { ...event("1"), headers: { ...json, "idempotency-key": "a b" } },
        400,
        "headers.idempotency-key"
      ]
    ])
  )

  it.effect("that no text column holds is refused in every field", () =>
    refuseAll(
      ["a\0b", "a\ud800b"].flatMap((text) => {
        const inField = (request: RawRequest, field: string): Case => [
          `${JSON.stringify(text)} in ${request.path} ${field}`,
          request,
          400,
          `payload.${field}`
        ]
        return [
          inField(post("/v1/integrations", { ...integration, name: text }), "name"),
          inField(post("/v1/integrations", { ...integration, credential: text }), "credential"),
          inField(post("/v1/integrations", { ...integration, customerId: text }), "customerId"),
          inField(
            post("/v1/integrations", { ...integration, baseUrl: `https://127.0.0.1/${text}` }),
            "baseUrl"
          ),
          inField(post("/v1/webhooks/outbound", { ...outbound, description: text }), "description"),
          inField(post("/v1/webhooks/outbound", { ...outbound, url: `https://127.0.0.1/${text}` }), "url"),
          inField(post("/v1/webhooks/outbound", { ...outbound, eventTypes: [text] }), "eventTypes.0"),
          inField(post("/v1/webhooks/inbound", { ...inbound, name: text }), "name"),
          inField(post("/v1/webhooks/inbound", { ...inbound, source: text }), "source"),
          inField(post("/v1/webhooks/inbound", { ...inbound, secrets: [text] }), "secrets.0"),
          inField(post("/v1/events", { type: text, data: 1 }), "type"),
          inField(post("/v1/event-types", { name: "a.b", description: text }), "description"),
          inField(post("/v1/api-keys", { name: text, scopes: ["events:read"] }), "name"),
          inField(patch("/v1/settings", { returnOrigins: [`https://${text}`] }), "returnOrigins.0"),
          inField(patch("/v1/deep-integrations/github", { webhookSecret: text }), "webhookSecret")
        ]
      })
    )
  )

  it.effect("nested without end is refused before anything walks it", () =>
    refuseAll([
      ["data", event(nested(100_000)), 400, "payload.data"],
      ["data, one level too deep", event(nested(maxDepth + 1)), 400, "payload.data"],
      ["objects", event(`${'{"a":'.repeat(40_000)}1${"}".repeat(40_000)}`), 400, "payload.data"],
      [
        "a schema",
        post("/v1/event-types", `{"name":"a.b","schema":{"const":${nested(100_000)}}}`),
        400,
        "payload.schema"
      ],
      [
        "a vendor's settings",
        patch("/v1/deep-integrations/stripe", `{"platformFeePercent":${nested(100_000)}}`),
        400,
        "payload"
      ],
      ["a whole body", post("/v1/integrations", nested(100_000)), 400],
      ["an unknown field", post("/v1/integrations", `{"colour":${nested(100_000)}}`), 400]
    ])
  )

  it.effect("that would change what objects inherit is taken as any other name", () =>
    refuseAll([
      [
        "__proto__ in a body",
        post("/v1/integrations", `{"__proto__":{"admin":true},${JSON.stringify(integration).slice(1)}`),
        400,
        "payload.__proto__"
      ],
      [
        "__proto__ in a vendor's settings",
        patch("/v1/deep-integrations/stripe", '{"__proto__":{"accountId":"acct_1"}}'),
        400,
        "payload.__proto__"
      ],
      [
        "constructor in a vendor's settings",
        patch("/v1/deep-integrations/stripe", {
          constructor: { prototype: { accountId: "acct_1" } }
        }),
        400,
        "payload.constructor"
      ],
      ["__proto__ in a query", get("/v1/events?__proto__=1"), 400, "query.__proto__"],
      [
        "__proto__ in a schema",
        post("/v1/event-types", '{"name":"a.b","schema":{"__proto__":{"pattern":"(a+)+"}}}'),
        422,
        "payload.schema.__proto__"
      ]
    ])
  )

  it.effect("in an event type's schema is refused when it is declared", () =>
    refuseAll(
      [
        [{ enum: 3 }, "enum"],
        [{ required: 5 }, "required"],
        [{ type: "nonsense" }, "type"],
        [{ anyOf: {} }, "anyOf"],
        [{ properties: [] }, "properties"],
        [{ multipleOf: 0 }, "multipleOf"],
        [{ minLength: -1 }, "minLength"],
        [{ pattern: "(a+)+" }, "pattern"],
        [{ $ref: "#" }, "$ref"],
        [{ constructor: {} }, "constructor"]
      ].map(([content, keyword]): Case => [
        JSON.stringify(content),
        schema(content),
        422,
        `payload.schema.${keyword}`
      ])
    )
  )

  it.effect("that only looks bad comes back as it was sent", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { apiKey, client } = yield* service.tenant("Acme")
      const headers = { ...json, ...bearer(apiKey.secret) }
      const sent = [
        "null",
        '""',
        "0",
        "[]",
        '"\\u0000"',
        '{"\\u0000":"\\ud800","\\udfff":[null]}',
        '{"__proto__":{"a":1},"constructor":{"prototype":2},"":3}',
        '"\\ud83d\\ude00 \\u202e \\ufeff"',
        "-0.1e-7",
        nested(maxDepth)
      ]
      for (const data of sent) {
        const answer = yield* sendRaw(service.url, { ...event(data), headers })
        assert.strictEqual(answer.status, 201, answer.body)
      }
      const listed = yield* client.events.listEvents({ query: { type: "a.b" } })
      assert.deepStrictEqual(
        listed.items.map(({ data }) => JSON.stringify(data)).toReversed(),
        sent.map((data) => JSON.stringify(JSON.parse(data)))
      )
      const odd = { branch: "\0\ud800", basePath: "\ud800" }
      const settings = yield* sendRaw(service.url, {
        ...patch("/v1/deep-integrations/github", odd),
        headers
      })
      assert.strictEqual(settings.status, 200, settings.body)
      const github = yield* client.deepIntegrations.getDeepIntegration({ params: { type: "github" } })
      assert.deepInclude(github.configuration, odd)
    })
  )

  it.effect("that a declared schema cannot judge is refused", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { apiKey } = yield* service.tenant("Acme")
      const headers = { ...json, ...bearer(apiKey.secret) }
      const declared = yield* sendRaw(service.url, {
        ...schema({ propertyNames: { type: "string" }, properties: { a: { items: { type: "string" } } } }),
        headers
      })
      assert.strictEqual(declared.status, 201, declared.body)
      const many = Array.from({ length: 120_000 }, () => 1)
      for (const data of [{ "\ud800": 1 }, { a: many }]) {
        const answer = yield* sendRaw(service.url, { ...event(JSON.stringify(data)), headers })
        assert.strictEqual(answer.status, 422, answer.body.slice(0, 300))
        assert.isNotEmpty(problemOf(answer).errors)
      }
    })
  )
})
