import { assert, describe, it } from "@effect/vitest"
import { Clock, ConfigProvider, Effect, Layer, Redacted } from "effect"
import { IntegrationsClient } from "../src/IntegrationsClient.ts"
import { IntegrationId } from "@do-integrations/domain/Integration"
import { type Answer, json, reset, scripted } from "./support/Peer.ts"

const integrationId = IntegrationId.make("int_01k9zv7q1zf2hrmwyejc9pq5ns")
const apiKey = Redacted.make("doi_test")
const problem = (name: string, status: number, more: object = {}) =>
  json(status, { type: `urn:do-integrations:problem:${name}`, title: name, status, ...more })

const unavailable = json(503, { message: "no upstream" })
const empty = json(200, { items: [] })
const event = {
  id: "evt_01k9zv7q1zf2hrmwyejc9pq5ns",
  type: "invoice.paid",
  data: null,
  createdAt: "2026-01-02T03:04:05.000Z",
  position: "7-1"
}
const payload = { type: "invoice.paid", data: null }

/** Runs a call against a peer that answers like this, and tells what it was asked. */
const against = <A, E>(
  answers: readonly [Answer, ...Array<Answer>],
  call: (client: IntegrationsClient["Service"]) => Effect.Effect<A, E>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { baseUrl, requests } = yield* scripted(...answers)
      const result = yield* Effect.result(
        IntegrationsClient.use(call).pipe(Effect.provide(IntegrationsClient.layer({ baseUrl, apiKey })))
      )
      return { result, requests }
    })
  )

const list = (client: IntegrationsClient["Service"]) => client.integrations.listIntegrations()
const publish = (client: IntegrationsClient["Service"]) => client.events.publishEvent({ payload })

describe.concurrent("IntegrationsClient", () => {
  it.live("sends the key as a bearer, the root key's endpoints included", () =>
    Effect.gen(function* () {
      const tenant = yield* against([empty], list)
      assert.strictEqual(tenant.requests[0]?.headers.authorization, "Bearer doi_test")
      assert.strictEqual(tenant.requests[0]?.url, "/v1/integrations")
      const root = yield* against([empty], (client) => client.tenants.listTenants({ query: { limit: 3 } }))
      assert.strictEqual(root.requests[0]?.headers.authorization, "Bearer doi_test")
      assert.strictEqual(root.requests[0]?.url, "/v1/tenants?limit=3")
    })
  )

  it.live("takes queries and headers that are empty, and none, for the same", () =>
    Effect.gen(function* () {
      const { requests } = yield* against([json(201, event), json(201, event), empty], (client) =>
        Effect.all([
          client.events.publishEvent({ headers: {}, payload }),
          client.events.publishEvent({ payload }),
          client.integrations.listIntegrations({ query: {} }),
          client.integrations.listIntegrations({}),
          client.integrations.listIntegrations()
        ])
      )
      const paths = requests.map(({ url }) => url)
      const list = "/v1/integrations"
      assert.deepStrictEqual(paths, ["/v1/events", "/v1/events", list, list, list])
    })
  )

  it.live("keeps clients of different keys apart", () =>
    Effect.gen(function* () {
      const { baseUrl, requests } = yield* scripted(empty)
      const one = yield* IntegrationsClient.make({ baseUrl, apiKey: Redacted.make("doi_one") })
      const other = yield* IntegrationsClient.make({ baseUrl, apiKey: Redacted.make("doi_other") })
      yield* list(one)
      yield* list(other)
      yield* list(one)
      assert.deepStrictEqual(
        requests.map(({ headers }) => headers.authorization),
        ["Bearer doi_one", "Bearer doi_other", "Bearer doi_one"]
      )
    })
  )

  it.live("reads the address and the key from the environment", () =>
    Effect.gen(function* () {
      const { baseUrl, requests } = yield* scripted(empty)
      yield* IntegrationsClient.use(list).pipe(
        Effect.provide(
          IntegrationsClient.layerConfig.pipe(
            Layer.provide(
              ConfigProvider.layer(ConfigProvider.fromUnknown({ DOI_URL: baseUrl, DOI_API_KEY: "doi_env" }))
            )
          )
        )
      )
      assert.strictEqual(requests[0]?.headers.authorization, "Bearer doi_env")
    })
  )

  it.live("gives problems as the errors that the endpoint declares", () =>
    Effect.gen(function* () {
      const { requests, result } = yield* against(
        [problem("not-found", 404, { detail: "No such integration" })],
        (client) => Effect.flip(client.integrations.getIntegration({ params: { id: integrationId } }))
      )
      assert.strictEqual(requests.length, 1)
      assert.isTrue(result._tag === "Success" && result.success._tag === "NotFound")
      assert.strictEqual(
        result._tag === "Success" ? result.success.message : undefined,
        "No such integration"
      )
    })
  )

  it.live("tries again when the service is unavailable for a moment", () =>
    Effect.gen(function* () {
      const { requests, result } = yield* against([unavailable, problem("unavailable", 503), empty], list)
      assert.strictEqual(result._tag, "Success")
      assert.strictEqual(requests.length, 3)
    })
  )

  it.live("tries again when the connection breaks", () =>
    Effect.gen(function* () {
      const { requests, result } = yield* against([reset, reset, empty], list)
      assert.strictEqual(result._tag, "Success")
      assert.strictEqual(requests.length, 3)
    })
  )

  it.live("waits as long as Retry-After says", () =>
    Effect.gen(function* () {
      const busy = problem("too-many-requests", 429, { retryAfter: 1 })
      const limited: Answer = (response) => busy(response.setHeader("retry-after", "1"))
      const before = yield* Clock.currentTimeMillis
      const { requests, result } = yield* against([limited, empty], list)
      assert.strictEqual(result._tag, "Success")
      assert.strictEqual(requests.length, 2)
      assert.isAtLeast((yield* Clock.currentTimeMillis) - before, 1000)
    })
  )

  it.live("does not wait for longer than its bound, and says how long it would take", () =>
    Effect.gen(function* () {
      const busy = problem("too-many-requests", 429, { retryAfter: 3600 })
      const { requests, result } = yield* against(
        [(response) => busy(response.setHeader("retry-after", "3600"))],
        (client) => Effect.flip(list(client))
      )
      assert.strictEqual(requests.length, 1)
      const error = result._tag === "Success" ? result.success : undefined
      assert.strictEqual(error?._tag === "TooManyRequests" ? error.retryAfter : undefined, 3600)
    })
  )

  it.live("does not repeat what only an operator can mend", () =>
    Effect.gen(function* () {
      const lacking = problem("provider-not-configured", 503, {
        provider: "stripe",
        missingSettings: ["STRIPE_SECRET_KEY"]
      })
      const { requests, result } = yield* against([lacking], (client) =>
        Effect.flip(
          client.deepIntegrations.configureDeepIntegration({
            params: { type: "stripe" },
            payload: { platformFeePercent: 1 }
          })
        )
      )
      assert.strictEqual(requests.length, 1)
      assert.strictEqual(result._tag, "Success")
    })
  )

  it.live("repeats a POST under one Idempotency-Key", () =>
    Effect.gen(function* () {
      const first = yield* against([reset, unavailable, json(201, event)], publish)
      assert.strictEqual(first.result._tag, "Success")
      const keys = first.requests.map((request) => request.headers["idempotency-key"])
      assert.match(String(keys[0]), /^[0-9a-f]{8}-[0-9a-f-]{27}$/)
      assert.deepStrictEqual(keys, [keys[0], keys[0], keys[0]])
      const second = yield* against([json(201, event)], publish)
      assert.notStrictEqual(second.requests[0]?.headers["idempotency-key"], keys[0])
    })
  )

  it.live(
    "waits for the answer to a request of its own that is still running, and for no other conflict",
    () =>
      Effect.gen(function* () {
        const add = (client: IntegrationsClient["Service"]) =>
          client.events.createEventType({ payload: { name: "invoice.paid" } })
        const made = json(201, { name: "invoice.paid", createdAt: event.createdAt })
        const running = problem("idempotency-conflict", 409, { running: true })
        const waited = yield* against([reset, running, made], add)
        assert.strictEqual(waited.result._tag, "Success")
        assert.strictEqual(waited.requests.length, 3)
        for (const lasting of [
          problem("idempotency-conflict", 409, { running: false }),
          problem("conflict", 409)
        ]) {
          const { requests, result } = yield* against([lasting], add)
          assert.strictEqual(result._tag, "Failure")
          assert.strictEqual(requests.length, 1)
        }
      })
  )

  it.live("keeps the Idempotency-Key that the caller gives", () =>
    Effect.gen(function* () {
      const { requests } = yield* against([json(201, event)], (client) =>
        client.events.publishEvent({ headers: { "idempotency-key": "invoice-1042" }, payload })
      )
      assert.strictEqual(requests[0]?.headers["idempotency-key"], "invoice-1042")
    })
  )

  it.live("never repeats a POST that takes no Idempotency-Key", () =>
    Effect.gen(function* () {
      const { requests, result } = yield* against([reset], (client) =>
        Effect.flip(client.tenants.createTenant({ payload: { name: "Acme" } }))
      )
      assert.strictEqual(requests.length, 1)
      assert.isUndefined(requests[0]?.headers["idempotency-key"])
      assert.strictEqual(result._tag === "Success" ? result.success._tag : undefined, "HttpClientError")
    })
  )

  it.live("tries once when told so", () =>
    Effect.gen(function* () {
      const { baseUrl, requests } = yield* scripted(unavailable)
      yield* Effect.flip(
        IntegrationsClient.use(list).pipe(
          Effect.provide(IntegrationsClient.layer({ baseUrl, apiKey, retry: false }))
        )
      )
      assert.strictEqual(requests.length, 1)
    })
  )
})
