import { WebhookVerifier } from "@do-integrations/client/WebhookVerifier"
import type { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import type { OutboundWebhookId, OutboundWebhookPatch } from "@do-integrations/domain/Webhook/Outbound"
import { assert, layer } from "@effect/vitest"
import { DateTime, Effect, Redacted, Struct } from "effect"
import { SqlClient } from "effect/sql"
import { Webhook } from "standardwebhooks"
import { eventually } from "./support/Eventually.ts"
import { eventsOfType } from "./support/Pages.ts"
import { receiver, receiverWith, signatureOf } from "./support/Receiver.ts"
import { assertRefused } from "./support/Refused.ts"
import { TestService } from "./support/TestService.ts"

type Client = IntegrationsClient["Service"]

const acme = Effect.gen(function* () {
  const service = yield* TestService
  return yield* service.tenant("Acme")
})

const publish = (client: Client, data: Record<string, string | number> = { amount: 42 }) =>
  client.events.publishEvent({ payload: { type: "invoice.paid", data } })

const update = (client: Client, id: OutboundWebhookId, payload: OutboundWebhookPatch) =>
  client.webhooks.updateOutboundWebhook({ params: { id }, payload })

const actions = (client: Client, target: string) =>
  Effect.map(client.audit.listAudit({ query: {} }), ({ items }) =>
    items.filter((one) => one.target === target).map(({ action }) => action)
  )

const everything = {
  eventTypes: ["invoice.*"],
  description: "Everything",
  channels: ["eu", "us"],
  filter: { amount: { $gt: 10 } },
  signatures: ["v1", "v1a"],
  headers: [
    { name: "X-Api-Key", value: Redacted.make("very secret"), secret: true },
    { name: "X-Region", value: Redacted.make("eu-1") }
  ],
  retry: { type: "list", delaysSeconds: [10, 60] },
  concurrency: 3,
  rateLimit: 50,
  timeoutSeconds: 5,
  ordering: { key: "customer.id", whenExhausted: "skip" },
  batching: { maxEvents: 10, maxWaitMs: 0 },
  disableAfterHours: 48
} as const

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("outbound webhooks", (it) => {
  it.effect("are as they were asked for, and otherwise as the contract says", () =>
    Effect.gen(function* () {
      const { client } = yield* acme
      const url = "https://127.0.0.1/hooks"
      const full = yield* client.webhooks.createOutboundWebhook({ payload: { url, ...everything } })
      assert.deepInclude({ ...full }, { ...Struct.omit(everything, ["headers"]), url, status: "active" })
      assert.match(full.publicKey ?? "", /^whpk_[A-Za-z0-9+/]{43}=$/)
      assert.deepStrictEqual(full.headers, [
        { name: "X-Api-Key", secret: true },
        { name: "X-Region", value: "eu-1" }
      ])
      assert.deepStrictEqual(full.connectedAt, full.createdAt)
      const got = yield* client.webhooks.getOutboundWebhook({ params: { id: full.id } })
      assert.deepStrictEqual({ ...got }, { ...Struct.omit(full, ["secret"]) })
      const listed = yield* client.webhooks.listWebhooks({ query: {} })
      assert.deepStrictEqual(
        listed.items.map(({ webhook }) => webhook),
        [got]
      )

      const plain = yield* client.webhooks.createOutboundWebhook({ payload: { url, eventTypes: ["*"] } })
      assert.deepStrictEqual(Struct.omit({ ...plain }, ["id", "secret", "createdAt", "connectedAt"]), {
        url,
        eventTypes: ["*"],
        status: "active",
        signatures: ["v1"],
        headers: [],
        retry: { type: "default" },
        concurrency: 16,
        timeoutSeconds: 15,
        disableAfterHours: 120
      })
    })
  )

  it.effect("hold up their order unless they say otherwise", () =>
    Effect.gen(function* () {
      const { client } = yield* acme
      const sql = yield* SqlClient.SqlClient
      const url = "https://127.0.0.1/hooks"
      const payload = { url, eventTypes: ["*"], ordering: { key: "customer.id" } }
      const { id, ordering } = yield* client.webhooks.createOutboundWebhook({ payload })
      assert.deepStrictEqual(ordering, { key: "customer.id", whenExhausted: "block" })
      yield* update(client, id, { ordering: { whenExhausted: "skip" } })
      const changed = yield* update(client, id, { ordering: {} })
      assert.deepStrictEqual(changed.ordering, { whenExhausted: "block" })
      const stored = yield* sql`SELECT ordering FROM outbound_webhooks WHERE id = ${id}`
      assert.deepStrictEqual(JSON.parse(String(stored[0]?.["ordering"])), { whenExhausted: "block" })
    })
  )

  it.effect("change in what is given, and null takes away", () =>
    Effect.gen(function* () {
      const { client } = yield* acme
      const created = yield* client.webhooks.createOutboundWebhook({
        payload: { url: "https://127.0.0.1/hooks", eventTypes: ["*"] }
      })
      const changes = Struct.omit(everything, ["headers"])
      const changed = yield* update(client, created.id, { ...changes, headers: everything.headers })
      assert.deepInclude({ ...changed }, changes)
      assert.match(changed.publicKey ?? "", /^whpk_/)
      const less = yield* update(client, created.id, {
        channels: null,
        filter: null,
        rateLimit: null,
        ordering: null,
        batching: null,
        headers: []
      })
      assert.deepStrictEqual(
        { ...less },
        {
          ...Struct.omit({ ...changed }, ["channels", "filter", "rateLimit", "ordering", "batching"]),
          headers: []
        }
      )
      const again = yield* update(client, created.id, { signatures: ["v1a"] })
      assert.strictEqual(again.publicKey, changed.publicKey)
      assert.lengthOf(yield* actions(client, created.id), 4)
    })
  )

  it.effect("get changes that meet one after the other, each whole", () =>
    Effect.gen(function* () {
      const { client } = yield* acme
      const { id } = yield* client.webhooks.createOutboundWebhook({
        payload: { url: "https://127.0.0.1/hooks", eventTypes: ["*"] }
      })
      yield* Effect.all(
        [1, 2, 3, 4, 5].map((concurrency) =>
          update(client, id, { concurrency, description: `${concurrency}` })
        ),
        { concurrency: "unbounded" }
      )
      const after = yield* client.webhooks.getOutboundWebhook({ params: { id } })
      assert.strictEqual(after.description, `${after.concurrency}`)
      assert.lengthOf(yield* actions(client, id), 6)
    })
  )

  it.effect("send their headers, and signatures of both kinds that receivers verify", () =>
    Effect.gen(function* () {
      const { client } = yield* acme
      const target = yield* receiver
      const { headers, signatures } = everything
      const webhook = yield* client.webhooks.createOutboundWebhook({
        payload: { url: target.url, eventTypes: ["invoice.*"], headers, signatures }
      })
      const { id: eventId } = yield* publish(client)
      const [request] = yield* eventually(
        Effect.sync(() => target.got),
        (got) => got.length > 0
      )
      assert.isDefined(request)
      assert.deepInclude(request.headers, { "x-api-key": "very secret", "x-region": "eu-1" })
      assert.match(String(request.headers["webhook-signature"]), /^v1,\S+ v1a,\S+$/)
      assert.doesNotThrow(() =>
        new Webhook(Redacted.value(webhook.secret)).verify(request.body, signatureOf(request))
      )
      for (const secret of [webhook.secret, Redacted.make(webhook.publicKey ?? "")]) {
        const verifier = yield* WebhookVerifier.make({ secrets: secret })
        const [envelope] = [yield* verifier.verify(request)].flat()
        assert.strictEqual(envelope?.id, eventId)
      }
      const [delivery] = (yield* eventually(
        client.webhooks.listDeliveries({ query: { webhookId: webhook.id, state: "succeeded" } }),
        ({ items }) => items.length === 1
      )).items
      assert.isDefined(delivery)
      const { attemptLog } = yield* client.webhooks.getDelivery({ params: { id: delivery.id } })
      assert.deepInclude(attemptLog[0]?.requestHeaders, { "x-api-key": "***", "x-region": "eu-1" })
    })
  )

  it.effect("take no secret header along to another origin", () =>
    Effect.gen(function* () {
      const { client } = yield* acme
      const { headers } = everything
      const { id } = yield* client.webhooks.createOutboundWebhook({
        payload: { url: "https://127.0.0.1/hooks", eventTypes: ["*"], headers }
      })
      yield* update(client, id, { url: "https://127.0.0.1/elsewhere" })
      const elsewhere = "https://127.0.0.1:8443/hooks"
      yield* assertRefused(update(client, id, { url: elsewhere }), "Unprocessable", {
        errors: [
          {
            path: ["payload", "url"],
            message: "Another origin needs the headers entered again: some of them are secret"
          }
        ]
      })
      assert.strictEqual((yield* update(client, id, { url: elsewhere, headers })).url, elsewhere)
      yield* update(client, id, { headers: headers.slice(1) })
      assert.strictEqual((yield* update(client, id, { url: "https://127.0.0.1" })).url, "https://127.0.0.1")
    })
  )

  it.effect("refuse to retry for longer than deliveries are kept", () =>
    Effect.gen(function* () {
      const { client } = yield* acme
      const week = 86_400 * 7
      // 8.4 days with the jitter.
      const retry = { type: "list", delaysSeconds: [week] } as const
      const create = client.webhooks.createOutboundWebhook({
        payload: { url: "https://127.0.0.1", eventTypes: ["*"], retry }
      })
      const keep = (retentionDays: number) => client.settings.updateSettings({ payload: { retentionDays } })
      yield* keep(8)
      yield* assertRefused(create, "Unprocessable")
      yield* keep(9)
      const { id } = yield* create
      yield* assertRefused(keep(8), "Unprocessable")
      yield* update(client, id, { retry: { ...retry, giveUpAfterSeconds: week } })
      yield* keep(7)
      yield* assertRefused(update(client, id, { retry }), "Unprocessable")
    })
  )

  it.effect("deliver nothing while they are paused, and what comes after they are resumed", () =>
    Effect.gen(function* () {
      const { client } = yield* acme
      const target = yield* receiver
      const { id } = yield* client.webhooks.createOutboundWebhook({
        payload: { url: target.url, eventTypes: ["invoice.*"] }
      })
      const params = { id }
      yield* publish(client, { number: 1 })
      const numbers = Effect.sync(() => target.got.map(({ body }) => JSON.parse(body).data.number))
      yield* eventually(numbers, (all) => all.length === 1)
      yield* assertRefused(
        client.webhooks.resumeOutboundWebhook({ params, payload: {} }),
        "IllegalTransition"
      )
      const paused = yield* client.webhooks.pauseOutboundWebhook({ params })
      assert.strictEqual(paused.status, "suspended")
      yield* assertRefused(client.webhooks.pauseOutboundWebhook({ params }), "IllegalTransition", {
        from: "suspended",
        by: "suspend"
      })
      yield* publish(client, { number: 2 })
      const resumed = yield* client.webhooks.resumeOutboundWebhook({ params, payload: {} })
      assert.strictEqual(resumed.status, "active")
      assert.isTrue(DateTime.isGreaterThan(resumed.connectedAt ?? resumed.createdAt, resumed.createdAt))
      yield* publish(client, { number: 3 })
      assert.deepStrictEqual(yield* eventually(numbers, (all) => all.length === 2), [1, 3])
      const skipped = yield* client.webhooks.listDeliveries({ query: { state: "skipped" } })
      assert.lengthOf(skipped.items, 1)
      yield* client.webhooks.pauseOutboundWebhook({ params })
      const recoverSince = resumed.createdAt
      yield* client.webhooks.resumeOutboundWebhook({ params, payload: { recoverSince } })
      assert.deepStrictEqual(yield* eventually(numbers, (all) => all.length === 3), [1, 3, 2])
      assert.deepStrictEqual(yield* actions(client, id), [
        "outbound_webhook.recovery_started",
        "outbound_webhook.resumed",
        "outbound_webhook.paused",
        "outbound_webhook.resumed",
        "outbound_webhook.paused",
        "outbound_webhook.created"
      ])
      const told = yield* eventsOfType(client, "integration:connected")
      assert.deepStrictEqual(
        told.map(({ data, subject }) => [data, subject]),
        [1, 2].map(() => [{ integrationType: "outbound_webhook" }, id])
      )
    })
  )

  it.effect("that failures disabled begin anew when they are resumed", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { client } = yield* acme
      let code = 410
      const target = yield* receiverWith((response) => void response.writeHead(code).end())
      const { id } = yield* client.webhooks.createOutboundWebhook({
        payload: { url: target.url, eventTypes: ["invoice.*"] }
      })
      yield* publish(client)
      const read = client.webhooks.getOutboundWebhook({ params: { id } })
      const disabled = yield* eventually(read, ({ status }) => status === "error")
      assert.strictEqual(disabled.error, "The receiver answered 410 Gone")
      yield* sql`
        UPDATE outbound_webhooks SET failing_since = now() - interval '10 days', warned_at = now(),
          hold_until = now() + interval '1 hour', revision = revision + 1 WHERE id = ${id}`
      assert.isDefined((yield* read).heldUntil)
      code = 500
      const resumed = yield* client.webhooks.resumeOutboundWebhook({ params: { id }, payload: {} })
      assert.strictEqual(resumed.status, "active")
      for (const gone of ["error", "failingSince", "heldUntil"]) assert.notProperty(resumed, gone)
      yield* publish(client)
      yield* eventually(
        Effect.sync(() => target.got.length),
        (count) => count === 2
      )
      const failing = yield* eventually(read, ({ failingSince }) => failingSince !== undefined)
      assert.strictEqual(failing.status, "active")
      const since = failing.failingSince ?? failing.createdAt
      assert.isTrue(DateTime.isGreaterThanOrEqualTo(since, resumed.connectedAt ?? since))
    })
  )

  it.effect("put what waits in order when an order is asked for, and free it when it is taken away", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { client } = yield* acme
      let code = 500
      const target = yield* receiverWith((response) => void response.writeHead(code).end())
      const retry = { type: "list", delaysSeconds: [3600] } as const
      const { id } = yield* client.webhooks.createOutboundWebhook({
        payload: { url: target.url, eventTypes: ["invoice.*"], retry }
      })
      const list = client.webhooks.listDeliveries({ query: { webhookId: id } })
      yield* publish(client, { number: 1 })
      yield* eventually(list, ({ items }) => items[0]?.state === "failed")
      yield* update(client, id, {
        ordering: { whenExhausted: "block" },
        retry: { type: "list", delaysSeconds: [1], maxAttempts: 1 }
      })
      yield* publish(client, { number: 2 })
      const waiting = yield* list
      assert.deepStrictEqual(
        waiting.items.map(({ orderingKey, state }) => [orderingKey, state]),
        [
          ["", "pending"],
          ["", "failed"]
        ]
      )
      assert.lengthOf(target.got, 1)
      yield* sql`UPDATE undelivered SET due_at = now() WHERE webhook_id = ${id} AND state = 'failed'`
      const blocked = yield* eventually(list, ({ items }) => items[1]?.blocking === true)
      assert.strictEqual(blocked.items[1]?.state, "exhausted")
      code = 204
      yield* update(client, id, { ordering: { whenExhausted: "skip" } })
      const freed = yield* eventually(list, ({ items }) => items[0]?.state === "succeeded")
      assert.strictEqual(freed.items[1]?.state, "exhausted")
      assert.notProperty(freed.items[1] ?? {}, "blocking")
    })
  )
})
