import { assert, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { createConnection } from "node:net"
import { databaseState } from "./support/DatabaseDump.ts"
import { problemOf } from "./support/ProblemDocument.ts"
import { type RawRequest, sendRaw } from "./support/RawHttp.ts"
import { bearer, type Case, get, json, post, refuseAll } from "./support/Refusals.ts"
import { rootKey, TestService } from "./support/TestService.ts"

const event = (data: string) => post("/v1/events", `{"type":"a.b","data":${data}}`)

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("a bad request", (it) => {
  it.effect("with a body that is too large is refused before it is read to its end", () =>
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
      const again = post("/v1/integrations", { name: "x".repeat(256 * 1024) })
      assert.strictEqual((yield* sendRaw(service.url, { ...again, headers: keyed })).status, 413)
      assert.deepStrictEqual(yield* databaseState, before)
    })
  )

  it.effect("of a content type that the endpoint does not read is refused", () =>
    refuseAll(
      ["text/plain", "application/x-www-form-urlencoded", "application/xml"].map((type): Case => [
        type,
        { ...event("1"), headers: { "content-type": type } },
        415
      ])
    )
  )

  it.effect("with anything but a key is refused, and the answer says what is wanted", () =>
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

  it.effect("to a method or a path that is none is refused", () =>
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
      }).pipe(Effect.timeout("20 seconds"))
      const [head = "", body = ""] = said.split("\r\n\r\n")
      assert.match(head, /^HTTP\/1\.1 400 Bad Request\r\ncontent-type: application\/problem\+json\r\n/)
      assert.deepStrictEqual(JSON.parse(body), { type: "about:blank", status: 400, title: "Bad Request" })
    })
  )
})
