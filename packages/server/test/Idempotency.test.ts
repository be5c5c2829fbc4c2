import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Redacted, type Schema } from "effect"
import { SqlClient } from "effect/sql"
import { CustomerId } from "@do-integrations/domain/Tenant"
import { IdempotencyKeys } from "../src/IdempotencyKeys.ts"
import { endpoints } from "./support/Endpoints.ts"
import { receiver } from "./support/Receiver.ts"
import { eventually } from "./support/Eventually.ts"
import { TestService } from "./support/TestService.ts"
import { send } from "./support/Wire.ts"

/** What a POST that takes a key is sent, what else it might be sent, and where what it makes is listed. */
interface Post {
  readonly path: string
  readonly body: { readonly [field: string]: Schema.Json }
  readonly other: { readonly [field: string]: Schema.Json }
  /** The field of the answer that is a secret, shown this once. */
  readonly secret?: string
  readonly list: string
}

const integration = {
  type: "api_key",
  name: "Billing",
  baseUrl: "https://127.0.0.1",
  placement: { in: "bearer" },
  credential: "sk_live_Qm7Jw2Zt9LrXb4"
}

const posts: ReadonlyArray<Post> = [
  {
    path: "/v1/api-keys",
    body: { name: "One", scopes: ["events:read"] },
    other: { name: "Another", scopes: ["events:read"] },
    secret: "secret",
    list: "/v1/api-keys"
  },
  {
    path: "/v1/integrations",
    body: integration,
    other: { ...integration, credential: "sk_live_another" },
    list: "/v1/integrations"
  },
  {
    path: "/v1/webhooks/inbound",
    body: { name: "GitHub", scheme: { type: "github" }, secrets: ["one"] },
    other: { name: "GitHub", scheme: { type: "github" }, secrets: ["another"] },
    secret: "url",
    list: "/v1/webhooks?direction=inbound"
  },
  {
    path: "/v1/webhooks/outbound",
    body: { url: "https://127.0.0.1/hooks", eventTypes: ["invoice.*"] },
    other: { url: "https://127.0.0.1/other", eventTypes: ["invoice.*"] },
    secret: "secret",
    list: "/v1/webhooks?direction=outbound"
  },
  {
    path: "/v1/event-types",
    body: { name: "invoice.paid" },
    other: { name: "invoice.sent" },
    list: "/v1/event-types"
  },
  {
    path: "/v1/events",
    body: { type: "invoice.paid", data: { amount: 42 } },
    other: { type: "invoice.paid", data: { amount: 43 } },
    list: "/v1/events?type=invoice.paid"
  }
]

/**
 * The same of what is done to a webhook, with the entry of the audit log or the event that tells of it, and
 * what has to be done before.
 */
interface Act extends Pick<Post, "path" | "body"> {
  readonly told: string
  readonly before?: string
}

const onWebhook: ReadonlyArray<Act> = [
  { path: "/trigger", body: { type: "invoice.paid", data: 1 }, told: "invoice.paid" },
  { path: "/test", body: {}, told: "endpoint.test" },
  { path: "/rotate-secret", body: {}, told: "outbound_webhook.secret_rotated" },
  {
    path: "/recover",
    body: { since: "2026-01-01T00:00:00.000Z" },
    told: "outbound_webhook.recovery_started"
  },
  { path: "/cancel", body: {}, told: "outbound_webhook.cancellation_started" },
  { before: "/pause", path: "/resume", body: {}, told: "outbound_webhook.resumed" }
]

const under = "/v1/webhooks/outbound/:id"

const acts: ReadonlyArray<Act> = [
  ...onWebhook.map((act) => ({ ...act, path: under + act.path })),
  { path: "/v1/deliveries/:id/retry", body: {}, told: "delivery.retried" },
  {
    path: "/v1/webhooks/inbound/:id/rotate-secret",
    body: {},
    told: "inbound_webhook.secret_rotated"
  },
  {
    path: "/v1/webhooks/inbound/:id/replay",
    body: { since: "2026-01-01T00:00:00.000Z" },
    told: "inbound_webhook.replay_started"
  },
  { path: "/v1/messages/:id/replay", body: {}, told: "message.replayed" }
]

const post = (key: Redacted.Redacted, { body, path }: Pick<Post, "body" | "path">, idempotencyKey: string) =>
  send("POST", path, { key, body, headers: { "idempotency-key": idempotencyKey } })

/** How many there are now. */
const count = Effect.fnUntraced(function* (key: Redacted.Redacted, { list }: Post) {
  const { status, text } = yield* send("GET", list, { key })
  assert.strictEqual(status, 200)
  return JSON.parse(text).items.length
})

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("Idempotency keys", (it) => {
  it.effect("are taken by the endpoints that are tested here", () =>
    Effect.sync(() =>
      assert.sameMembers(
        endpoints().flatMap(({ path, takesKey }) => (takesKey ? [path] : [])),
        [...posts, ...acts].map(({ path }) => path)
      )
    )
  )

  it.effect("replay the answer, byte for byte, and act once", () =>
    Effect.gen(function* () {
      const { secret: key } = (yield* (yield* TestService).tenant("Acme")).apiKey
      for (const one of posts) {
        const before = yield* count(key, one)
        const first = yield* post(key, one, `replay:${one.path}`)
        assert.strictEqual(first.status, 201, one.path)
        assert.isNull(first.headers.get("idempotent-replayed"))
        const second = yield* post(key, one, `replay:${one.path}`)
        assert.strictEqual(second.status, 201, one.path)
        assert.strictEqual(second.text, first.text)
        assert.strictEqual(second.headers.get("content-type"), first.headers.get("content-type"))
        assert.strictEqual(second.headers.get("idempotent-replayed"), "true", one.path)
        if (one.secret !== undefined) assert.isNotEmpty(JSON.parse(second.text)[one.secret])
        assert.strictEqual(yield* count(key, one), before + 1, one.path)
      }
    })
  )

  it.effect("of what is done to a webhook do the same", () =>
    Effect.gen(function* () {
      const { apiKey, client } = yield* (yield* TestService).tenant("Acme")
      const target = yield* receiver
      const { id } = yield* client.webhooks.createOutboundWebhook({
        payload: { url: target.url, eventTypes: ["order.*"] }
      })
      const inbound = yield* client.webhooks.createInboundWebhook({
        payload: {
          name: "Anybody",
          scheme: { type: "none" },
          routes: [{ name: "copy", to: { type: "url", url: target.url } }]
        }
      })
      assert.strictEqual(
        (yield* send("POST", new URL(Redacted.value(inbound.url)).pathname, { body: {} })).status,
        200
      )
      const [message] = (yield* client.webhooks.listMessages({ query: {} })).items
      assert.isDefined(message)
      const idFor = Effect.fnUntraced(function* (path: string) {
        if (path.startsWith(under)) return id
        if (path.startsWith("/v1/webhooks/inbound/")) return inbound.id
        if (path.startsWith("/v1/messages/")) return message.id
        return (yield* client.webhooks.listDeliveries({ query: { limit: 1 } })).items[0]?.id ?? ""
      })
      for (const act of acts) {
        const path = act.path.replace(":id", yield* idFor(act.path))
        if (act.before !== undefined) {
          const { status } = yield* send("POST", under.replace(":id", id) + act.before, {
            key: apiKey.secret
          })
          assert.strictEqual(status, 200)
        }
        const first = yield* post(apiKey.secret, { ...act, path }, act.told)
        assert.include([200, 201, 202], first.status, path)
        assert.isNull(first.headers.get("idempotent-replayed"))
        const second = yield* post(apiKey.secret, { ...act, path }, act.told)
        assert.strictEqual(second.status, first.status, path)
        assert.strictEqual(second.headers.get("idempotent-replayed"), "true", path)
        const ids = /"(?:deliveryId|id|secret)":"([^"]+)"/
        assert.strictEqual(ids.exec(second.text)?.[1], ids.exec(first.text)?.[1])
        const events = yield* client.events.listEvents({ query: {} })
        const audit = yield* client.audit.listAudit({ query: {} })
        const told = [...events.items.map(({ type }) => type), ...audit.items.map(({ action }) => action)]
        assert.lengthOf(
          told.filter((one) => one === act.told),
          1,
          path
        )
      }
    })
  )

  it.effect("belong to one request", () =>
    Effect.gen(function* () {
      const { secret: key } = (yield* (yield* TestService).tenant("Acme")).apiKey
      for (const one of posts) {
        assert.strictEqual((yield* post(key, one, `taken:${one.path}`)).status, 201)
        const before = yield* count(key, one)
        const { status, text } = yield* post(key, { ...one, body: one.other }, `taken:${one.path}`)
        assert.strictEqual(status, 422, one.path)
        assert.include(text, "This Idempotency-Key belongs to another request")
        assert.strictEqual(yield* count(key, one), before, one.path)
      }
      const elsewhere = yield* Effect.forEach(posts.slice(1), (one) =>
        post(key, { ...one, body: one.other }, "taken:/v1/api-keys")
      )
      assert.deepStrictEqual([...new Set(elsewhere.map(({ status }) => status))], [422])
    })
  )

  it.effect("let one of several requests at once through", () =>
    Effect.gen(function* () {
      const { secret: key } = (yield* (yield* TestService).tenant("Acme")).apiKey
      for (const one of posts) {
        const before = yield* count(key, one)
        const answers = yield* Effect.all(
          Array.from({ length: 20 }, () => post(key, one, `race:${one.path}`)),
          { concurrency: "unbounded" }
        )
        const made = answers.filter(({ status }) => status === 201)
        assert.isNotEmpty(made)
        assert.strictEqual(new Set(made.map(({ text }) => text)).size, 1, one.path)
        for (const { status } of answers) assert.include([201, 409], status, one.path)
        if (one.path === "/v1/events") assert.lengthOf(made, 20)
        assert.strictEqual(yield* count(key, one), before + 1, one.path)
      }
    })
  )

  it.effect("are each tenant's own", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const tenants = [yield* service.tenant("Acme"), yield* service.tenant("Other")]
      for (const one of posts) {
        const answers = yield* Effect.forEach(tenants, ({ apiKey }) => post(apiKey.secret, one, "shared"))
        const [first, second] = answers.map(({ text }) => text)
        // Each path takes the same key, so only the first was carried out, in both tenants alike.
        assert.deepStrictEqual(
          answers.map(({ status }) => status),
          one === posts[0] ? [201, 201] : [422, 422]
        )
        if (one === posts[0]) assert.notStrictEqual(first, second)
      }
    })
  )

  it.effect("are each customer's own, and give one key's secrets to no other", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { apiKey, client } = yield* service.tenant("Acme")
      const confined = (customer: string) =>
        Effect.map(
          client.apiKeys.createApiKey({
            payload: { name: customer, scopes: ["events:publish"], customerId: CustomerId.make(customer) }
          }),
          ({ secret }) => secret
        )
      const order = { path: "/v1/events", body: { type: "order.placed", data: {} } }
      for (const customer of ["c1", "c2"]) {
        assert.strictEqual((yield* post(yield* confined(customer), order, "order-1")).status, 201, customer)
      }
      const strong = { path: "/v1/api-keys", body: { name: "reader", scopes: ["secrets:read"] } }
      assert.strictEqual((yield* post(apiKey.secret, strong, "create-key")).status, 201)
      const weak = yield* client.apiKeys.createApiKey({ payload: { name: "weak", scopes: ["keys:admin"] } })
      const stolen = yield* post(weak.secret, strong, "create-key")
      assert.strictEqual(stolen.status, 422)
      assert.notInclude(stolen.text, "doi_")
    })
  )

  it.effect("undo a request that a repetition took over", () =>
    Effect.gen(function* () {
      const keys = yield* IdempotencyKeys
      const sql = yield* SqlClient.SqlClient
      const { tenant } = yield* (yield* TestService).tenant("Acme")
      const request = { tenantId: tenant.id, key: "slow", fingerprint: new Uint8Array(32) }
      const clock = Effect.map(sql<{ at: Date }>`SELECT now() AS at`, ([row]) => row?.at.getTime() ?? 0)
      const first = yield* keys.claim(request)
      yield* sql`
        UPDATE idempotency_keys SET locked_until = now() - interval '1 second' WHERE tenant_id = ${tenant.id}`
      // A claim is known by its time, and the embedded database's clock counts milliseconds.
      const before = yield* clock
      yield* eventually(clock, (at) => at > before)
      const second = yield* keys.claim(request)
      assert.isTrue(first._tag === "Fresh" && second._tag === "Fresh")
      if (first._tag !== "Fresh" || second._tag !== "Fresh") return
      assert.isTrue(Exit.isFailure(yield* Effect.exit(keys.committed(first.claimed))))
      yield* keys.release(first.claimed)
      yield* keys.committed(second.claimed)
      assert.strictEqual((yield* keys.claim(request))._tag, "AnswerLost")
    })
  )

  it.effect("are free again after a request that was refused", () =>
    Effect.gen(function* () {
      const { secret: key } = (yield* (yield* TestService).tenant("Acme")).apiKey
      const faulty = { ...integration, baseUrl: "https://nobody.invalid" }
      const refused = yield* post(key, { path: "/v1/integrations", body: faulty }, "mended")
      assert.strictEqual(refused.status, 422)
      const mended = yield* post(key, { path: "/v1/integrations", body: integration }, "mended")
      assert.strictEqual(mended.status, 201)
    })
  )

  it.effect("are free again once they have expired", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { apiKey, tenant } = yield* (yield* TestService).tenant("Acme")
      for (const one of posts) {
        const idempotencyKey = `expiring:${one.path}`
        assert.strictEqual((yield* post(apiKey.secret, one, idempotencyKey)).status, 201)
        yield* sql`
          UPDATE idempotency_keys SET expires_at = now() - interval '1 second'
          WHERE tenant_id = ${tenant.id} AND key = ${idempotencyKey}`
        const again = yield* post(apiKey.secret, { ...one, body: one.other }, idempotencyKey)
        assert.strictEqual(again.status, 201, one.path)
        const repeated = yield* post(apiKey.secret, { ...one, body: one.other }, idempotencyKey)
        assert.strictEqual(repeated.text, again.text)
      }
    })
  )

  it.effect("of a request that died are free again after a minute, unless it was carried out", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { apiKey, tenant } = yield* (yield* TestService).tenant("Acme")
      for (const one of posts.filter(({ path }) => path !== "/v1/events")) {
        const idempotencyKey = `dead:${one.path}`
        const same = post(apiKey.secret, one, idempotencyKey)
        assert.strictEqual((yield* same).status, 201)
        const leave = (state: string, lease: string) => sql`
          UPDATE idempotency_keys SET state = ${state}, answer = NULL, locked_until = now() + ${lease}::interval
          WHERE tenant_id = ${tenant.id} AND key = ${idempotencyKey}`
        yield* leave("committed", "-1 second")
        const lost = yield* same
        assert.strictEqual(lost.status, 409, one.path)
        assert.include(lost.text, "its answer was lost")
        yield* leave("running", "60 seconds")
        const running = yield* same
        assert.strictEqual(running.status, 409, one.path)
        assert.include(running.text, "still running")
        yield* leave("running", "-1 second")
        const another = yield* post(apiKey.secret, { ...one, body: one.other }, idempotencyKey)
        assert.strictEqual(another.status, 422, one.path)
        const { status } = yield* same
        // The event type is there already: the first request, too, was carried out.
        assert.strictEqual(status, one.path === "/v1/event-types" ? 409 : 201, one.path)
      }
    })
  )

  it.effect("keep answers with one-time secrets sealed", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { apiKey, tenant } = yield* (yield* TestService).tenant("Acme")
      for (const one of posts.filter(({ secret }) => secret !== undefined)) {
        const { text } = yield* post(apiKey.secret, one, `sealed:${one.path}`)
        const shown: string = JSON.parse(text)[one.secret ?? ""]
        const [row] = yield* sql<{ answer: Uint8Array }>`
          SELECT answer FROM idempotency_keys WHERE tenant_id = ${tenant.id} AND key = ${`sealed:${one.path}`}`
        assert.isDefined(row)
        assert.isFalse(Buffer.from(row.answer).includes(shown))
        assert.isFalse(Buffer.from(row.answer).includes(Buffer.from(text).toString("base64").slice(4, 40)))
      }
    })
  )

  it.effect("are refused when they are malformed", () =>
    Effect.gen(function* () {
      const { secret: key } = (yield* (yield* TestService).tenant("Acme")).apiKey
      for (const one of posts) {
        for (const bad of ["", "two words", "x".repeat(256)]) {
          assert.strictEqual((yield* post(key, one, bad)).status, 400, `${one.path} ${bad}`)
        }
      }
    })
  )
})
