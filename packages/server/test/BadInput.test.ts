import { assert, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { createConnection } from "node:net"
import { maxDepth } from "@do-integrations/domain/Json"
import { databaseState } from "./support/DatabaseDump.ts"
import { problemOf } from "./support/ProblemDocument.ts"
import { type RawRequest, sendRaw } from "./support/RawHttp.ts"
import { rootKey, TestService } from "./support/TestService.ts"

/** A request that is to be refused, and how. */
interface Case {
  readonly what: string
  readonly request: RawRequest
  readonly status: number
  /** Where the fault stands, as the problem names it. */
  readonly where?: string
}

const json = { "content-type": "application/json" }
const bearer = (key: Redacted.Redacted) => ({ authorization: `Bearer ${Redacted.value(key)}` })

const post = (path: string, body: unknown): RawRequest => ({
  method: "POST",
  path,
  headers: json,
  body: typeof body === "string" ? body : JSON.stringify(body)
})
const patch = (path: string, body: unknown): RawRequest => ({ ...post(path, body), method: "PATCH" })
const get = (path: string): RawRequest => ({ method: "GET", path })

const integration = {
  type: "api_key",
  name: "Billing",
  baseUrl: "https://127.0.0.1",
  placement: { in: "bearer" },
  credential: "sk_live_2Zp0"
}
const outbound = { url: "https://127.0.0.1/hooks", eventTypes: ["*"] }
const inbound = { name: "GitHub", scheme: { type: "github" }, secrets: ["It's a Secret to Everybody"] }
const hmac = { type: "hmac", header: "x-signature", algorithm: "sha256", encoding: "hex" }
const nested = (levels: number, open = "[", close = "]") => open.repeat(levels) + close.repeat(levels)
const event = (data: string) => post("/v1/events", `{"type":"a.b","data":${data}}`)
const schema = (content: unknown) => post("/v1/event-types", { name: "a.b", schema: content })

/** Sends every case with a valid key, and asserts that each is refused as it should be and nothing changed. */
const refuseAll = Effect.fnUntraced(function* (cases: ReadonlyArray<Case>) {
  const service = yield* TestService
  const { apiKey } = yield* service.tenant("Acme")
  const before = yield* databaseState
  for (const { request, status, what, where } of cases) {
    const headers = { ...bearer(apiKey.secret), ...request.headers }
    const answer = yield* sendRaw(service.url, { ...request, headers })
    assert.strictEqual(answer.status, status, `${what}: ${answer.body.slice(0, 500)}`)
    const problem = problemOf(answer, what)
    if (where === undefined) continue
    const places = problem.errors?.map(({ path }) => path.join(".")) ?? []
    assert.include(places, where, what)
  }
  assert.deepStrictEqual(yield* databaseState, before)
})

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("bad input", (it) => {
  it.effect("of the wrong shape is refused by a problem that names the place", () =>
    refuseAll([
      {
        what: "an unknown field",
        request: post("/v1/integrations", { ...integration, colour: "red" }),
        status: 400,
        where: "payload.colour"
      },
      {
        what: "an unknown nested field",
        request: post("/v1/webhooks/inbound", { ...inbound, scheme: { type: "github", colour: "red" } }),
        status: 400,
        where: "payload.scheme.colour"
      },
      {
        what: "an unknown query parameter",
        request: get("/v1/events?colour=red"),
        status: 400,
        where: "query.colour"
      },
      {
        what: "a number for text",
        request: post("/v1/integrations", { ...integration, name: 7 }),
        status: 400,
        where: "payload.name"
      },
      {
        what: "text for a list",
        request: post("/v1/webhooks/outbound", { ...outbound, eventTypes: "*" }),
        status: 400,
        where: "payload.eventTypes"
      },
      {
        what: "a wrong item of a list",
        request: post("/v1/api-keys", { name: "Key", scopes: ["events:read", "events:everything"] }),
        status: 400,
        where: "payload.scopes.1"
      },
      {
        what: "a missing field",
        request: post("/v1/events", { type: "a.b" }),
        status: 400,
        where: "payload.data"
      },
      { what: "a list for an object", request: post("/v1/events", []), status: 400, where: "payload" },
      { what: "null for an object", request: post("/v1/events", "null"), status: 400, where: "payload" },
      { what: "no body", request: post("/v1/events", ""), status: 400, where: "payload" },
      {
        what: "malformed JSON",
        request: post("/v1/events", '{"type":"a.b",'),
        status: 400,
        where: "payload"
      },
      {
        what: "a vendor's setting of the wrong type",
        request: patch("/v1/deep-integrations/stripe", { platformFeePercent: "2" }),
        status: 400,
        where: "payload.platformFeePercent"
      },
      {
        what: "what the vendor proves",
        request: patch("/v1/deep-integrations/stripe", { accountId: "acct_1" }),
        status: 422,
        where: "payload.accountId"
      },
      {
        what: "another vendor's setting",
        request: patch("/v1/deep-integrations/stripe", { zoneIds: ["z"] }),
        status: 400,
        where: "payload.zoneIds"
      },
      {
        what: "an unknown vendor",
        request: get("/v1/deep-integrations/shopify"),
        status: 400,
        where: "params.type"
      },
      {
        what: "an event of the platform's",
        request: post("/v1/events", { type: "webhook:received", data: {} }),
        status: 400,
        where: "payload.type"
      },
      {
        what: "a secret that the scheme cannot have",
        request: post("/v1/webhooks/inbound", { ...inbound, scheme: { type: "standard" } }),
        status: 422,
        where: "payload.secrets"
      },
      {
        what: "a header that is none",
        request: post("/v1/webhooks/inbound", { ...inbound, scheme: { ...hmac, header: "a b" } }),
        status: 400,
        where: "payload.scheme.header"
      }
    ])
  )

  it.effect("of absurd ids, cursors and numbers is refused", () =>
    refuseAll([
      {
        what: "an id of another kind",
        request: get("/v1/integrations/evt_01ja5c3v9tfk8b0000000000aa"),
        status: 400,
        where: "params.id"
      },
      {
        what: "an id with NUL",
        request: get("/v1/integrations/int_%00"),
        status: 400,
        where: "params.id"
      },
      {
        what: "an id that nobody has",
        request: get("/v1/integrations/int_01ja5c3v9tfk8b0000000000aa"),
        status: 404
      },
      { what: "an id that is no UTF-8", request: get("/v1/integrations/%E0%A4%A"), status: 404 },
      { what: "an id without an end", request: get(`/v1/integrations/${"a".repeat(5000)}`), status: 404 },
      {
        what: "a position beyond 64 bits",
        request: get(`/v1/events?cursor=${"9".repeat(20)}-${"9".repeat(19)}`),
        status: 400,
        where: "query.cursor"
      },
      {
        what: "a position with a sequence beyond 63 bits",
        request: get("/v1/events?cursor=1-9223372036854775808"),
        status: 400,
        where: "query.cursor"
      },
      {
        what: "a cursor in other characters",
        request: get("/v1/integrations?cursor=%27%20OR%201%3D1"),
        status: 400,
        where: "query.cursor"
      },
      {
        what: "a position that is none",
        request: { ...get("/v1/events/stream"), headers: { "last-event-id": "yesterday" } },
        status: 400,
        where: "headers.last-event-id"
      },
      ...["0", "-1", "101", "1.5", "1e400", "NaN", "0x10", "", "9".repeat(400)].map((limit) => ({
        what: `a limit of ${limit.slice(0, 10)}`,
        request: get(`/v1/events?limit=${limit}`),
        status: 400,
        where: "query.limit"
      })),
      {
        what: "a parameter given twice",
        request: get("/v1/integrations?limit=1&limit=2"),
        status: 400,
        where: "query.limit"
      },
      {
        what: "a fee beyond any number",
        request: patch("/v1/deep-integrations/stripe", '{"platformFeePercent":1e999}'),
        status: 400
      },
      {
        what: "a negative retention",
        request: patch("/v1/settings", { retentionDays: -1 }),
        status: 400,
        where: "payload.retentionDays"
      },
      {
        what: "a lifetime of ages",
        request: post("/v1/api-keys", { name: "Key", scopes: ["events:read"], expiresIn: 1e300 }),
        status: 400,
        where: "payload.expiresIn"
      },
      {
        what: "data beyond any number",
        request: event("1e999"),
        status: 400,
        where: "payload.data"
      },
      {
        what: "an Idempotency-Key with a space",
        request: { ...event("1"), headers: { ...json, "idempotency-key": "a b" } },
        status: 400,
        where: "headers.idempotency-key"
      }
    ])
  )

  it.effect("that no text column holds is refused in every field", () =>
    refuseAll(
      ["a\0b", "a\ud800b"].flatMap((text) => {
        const inField = (request: RawRequest, field: string): Case => ({
          what: `${JSON.stringify(text)} in ${request.path} ${field}`,
          request,
          status: 400,
          where: `payload.${field}`
        })
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
      {
        what: "data",
        request: event(nested(100_000)),
        status: 400,
        where: "payload.data"
      },
      {
        what: "data, one level too deep",
        request: event(nested(maxDepth + 1)),
        status: 400,
        where: "payload.data"
      },
      {
        what: "objects",
        request: event(`${'{"a":'.repeat(40_000)}1${"}".repeat(40_000)}`),
        status: 400,
        where: "payload.data"
      },
      {
        what: "a schema",
        request: post("/v1/event-types", `{"name":"a.b","schema":{"const":${nested(100_000)}}}`),
        status: 400,
        where: "payload.schema"
      },
      {
        what: "a vendor's settings",
        request: patch("/v1/deep-integrations/stripe", `{"platformFeePercent":${nested(100_000)}}`),
        status: 400,
        where: "payload"
      },
      { what: "a whole body", request: post("/v1/integrations", nested(100_000)), status: 400 },
      {
        what: "an unknown field",
        request: post("/v1/integrations", `{"colour":${nested(100_000)}}`),
        status: 400
      }
    ])
  )

  it.effect("that would change what objects inherit is taken as any other name", () =>
    refuseAll([
      {
        what: "__proto__ in a body",
        request: post(
          "/v1/integrations",
          `{"__proto__":{"admin":true},${JSON.stringify(integration).slice(1)}`
        ),
        status: 400,
        where: "payload.__proto__"
      },
      {
        what: "__proto__ in a vendor's settings",
        request: patch("/v1/deep-integrations/stripe", '{"__proto__":{"accountId":"acct_1"}}'),
        status: 400,
        where: "payload.__proto__"
      },
      {
        what: "constructor in a vendor's settings",
        request: patch("/v1/deep-integrations/stripe", {
          constructor: { prototype: { accountId: "acct_1" } }
        }),
        status: 400,
        where: "payload.constructor"
      },
      {
        what: "__proto__ in a query",
        request: get("/v1/events?__proto__=1"),
        status: 400,
        where: "query.__proto__"
      },
      {
        what: "__proto__ in a schema",
        request: post("/v1/event-types", '{"name":"a.b","schema":{"__proto__":{"pattern":"(a+)+"}}}'),
        status: 422,
        where: "payload.schema.__proto__"
      }
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
      ].map(([content, keyword]) => ({
        what: JSON.stringify(content),
        request: schema(content),
        status: 422,
        where: `payload.schema.${keyword}`
      }))
    )
  )

  it.effect("in a body that is too large is refused before it is read to its end", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { apiKey } = yield* service.tenant("Acme")
      const before = yield* databaseState
      const tooMuch = event(JSON.stringify("x".repeat(256 * 1024)))
      const headers = { ...json, ...bearer(apiKey.secret) }
      for (const way of [{}, { chunked: true }, { unfinished: true }]) {
        const answer = yield* sendRaw(service.url, { ...tooMuch, headers, ...way })
        assert.strictEqual(answer.status, 413, JSON.stringify(way))
        assert.include(problemOf(answer).type, "payload-too-large")
      }
      const keyed = { ...headers, "idempotency-key": "large" }
      const again = post("/v1/integrations", { ...integration, name: "x".repeat(256 * 1024) })
      assert.strictEqual((yield* sendRaw(service.url, { ...again, headers: keyed })).status, 413)
      assert.deepStrictEqual(yield* databaseState, before)
    })
  )

  it.effect("of a content type that the endpoint does not read is refused", () =>
    refuseAll(
      ["text/plain", "application/x-www-form-urlencoded", "application/xml"].map((type) => ({
        what: type,
        request: { ...event("1"), headers: { "content-type": type } },
        status: 415
      }))
    )
  )

  it.effect("in place of a key is refused, and the answer says what is wanted", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { apiKey } = yield* service.tenant("Acme")
      const { apiKey: revoked, client } = yield* service.tenant("Gone")
      yield* client.apiKeys.revokeApiKey({ params: { id: revoked.id } })
      const before = yield* databaseState
      const tenants = post("/v1/tenants", { name: "New" })
      const cases: ReadonlyArray<readonly [RawRequest, Readonly<Record<string, string>>]> = [
        [event("1"), {}],
        [event("1"), { authorization: "Bearer" }],
        [event("1"), { authorization: "Bearer doi_nobody" }],
        [event("1"), { authorization: `Bearer ${"a".repeat(10_000)}` }],
        [event("1"), { authorization: `Basic ${Redacted.value(apiKey.secret)}` }],
        [event("1"), { authorization: Redacted.value(apiKey.secret) }],
        [event("1"), bearer(revoked.secret)],
        [event("1"), bearer(rootKey)],
        [tenants, bearer(apiKey.secret)],
        [tenants, {}]
      ]
      for (const [request, headers] of cases) {
        const answer = yield* sendRaw(service.url, { ...request, headers: { ...json, ...headers } })
        assert.strictEqual(answer.status, 401, JSON.stringify(headers))
        assert.include(problemOf(answer).type, "unauthorized")
        assert.strictEqual(answer.headers["www-authenticate"], "Bearer")
      }
      assert.deepStrictEqual(yield* databaseState, before)
    })
  )

  it.effect("of a method or a path that is none is refused", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { client } = yield* service.tenant("Acme")
      const { url } = yield* client.webhooks.createInboundWebhook({
        headers: {},
        payload: {
          name: "GitHub",
          scheme: { type: "github" },
          secrets: [Redacted.make("It's a Secret to Everybody")]
        }
      })
      const ingress = new URL(Redacted.value(url)).pathname
      const methods: ReadonlyArray<readonly [string, string, string]> = [
        ["PUT", "/v1/events", "GET, POST"],
        ["OPTIONS", "/v1/events", "GET, POST"],
        ["TRACE", "/v1/events", "GET, POST"],
        ["POST", "/v1/integrations/int_01ja5c3v9tfk8b0000000000aa", "DELETE, GET, PATCH"],
        ["GET", "/v1/deep-integrations/stripe/connect", "POST"],
        ["GET", ingress, "POST"],
        ["DELETE", ingress, "POST"]
      ]
      for (const [method, path, allow] of methods) {
        const answer = yield* sendRaw(service.url, { method, path })
        assert.strictEqual(answer.status, 405, `${method} ${path}`)
        assert.strictEqual(answer.headers.allow, allow)
        assert.include(problemOf(answer).type, "method-not-allowed")
      }
      for (const path of ["/nothing", "/v1", "/v1/nothing", "/v1/../healthz", "/in/", "/in/a/b", "/%"]) {
        const answer = yield* sendRaw(service.url, get(path))
        assert.strictEqual(answer.status, 404, path)
        assert.include(problemOf(answer).type, "not-found")
      }
    })
  )

  it.effect("that is no HTTP request at all is refused by a problem document too", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const long = "a".repeat(100_000)
      for (const request of [
        { ...get("/v1/events"), headers: { "x-long": long } },
        get(`/v1/events?cursor=${long}`)
      ]) {
        const answer = yield* sendRaw(service.url, request)
        assert.strictEqual(answer.status, 431)
        problemOf(answer)
      }
      const said = yield* Effect.callback<string>((resume) => {
        const socket = createConnection(Number(new URL(service.url).port), "127.0.0.1", () =>
          socket.write("GIVE ME /v1/events\r\n\r\n")
        )
        let text = ""
        socket.on("data", (chunk) => (text += chunk.toString()))
        socket.on("close", () => resume(Effect.succeed(text)))
        return Effect.sync(() => socket.destroy())
      }).pipe(Effect.timeout("5 seconds"))
      const [head = "", body = ""] = said.split("\r\n\r\n")
      assert.match(head, /^HTTP\/1\.1 400 Bad Request\r\ncontent-type: application\/problem\+json\r\n/)
      assert.deepStrictEqual(JSON.parse(body), { type: "about:blank", status: 400, title: "Bad Request" })
    })
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
