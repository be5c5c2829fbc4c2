import type { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import type { Delivery, DeliveryState } from "@do-integrations/domain/Webhook/Delivery"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { assert, describe, it, layer } from "@effect/vitest"
import { Array as Arr, DateTime, Duration, Effect, Option, Random, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { Webhook } from "standardwebhooks"
import { Webhook as SvixWebhook } from "svix"
import { defaultRetries, delayAfter } from "../src/DeliveryEngine/RetrySchedule.ts"
import { eventually } from "./support/Eventually.ts"
import { eventsOfType } from "./support/Pages.ts"
import { type Answer, type Delivered, receiver, receiverWith } from "./support/Receiver.ts"
import { TestService } from "./support/TestService.ts"

type Client = IntegrationsClient["Service"]

const tenant = Effect.gen(function* () {
  const service = yield* TestService
  return (yield* service.tenant("Acme")).client
})

const endpoint = (client: Client, url: string, ...eventTypes: ReadonlyArray<string>) =>
  client.webhooks.createOutboundWebhook({ headers: {}, payload: { url, eventTypes } })

const publish = (client: Client, type: string) =>
  client.events.publishEvent({ headers: {}, payload: { type, data: { amount: 42 } } })

const deliveriesTo = (client: Client, webhookId: OutboundWebhookId) =>
  Effect.map(client.webhooks.listDeliveries({ query: { webhookId } }), ({ items }) => items)

/** Waits until every delivery to an endpoint stands as said, and answers with the first. */
const standing = (client: Client, webhookId: OutboundWebhookId, state: DeliveryState, attempts: number) =>
  eventually(
    deliveriesTo(client, webhookId),
    (items) => items.length > 0 && items.every((one) => one.state === state && one.attempts === attempts)
  ).pipe(
    Effect.map(Arr.head),
    Effect.flatMap(Effect.fromOption),
    Effect.flatMap(({ id }) => client.webhooks.getDelivery({ params: { id } }))
  )

/** Lets the time until the next attempt pass, and as many attempts as said. */
const due = Effect.fnUntraced(function* ({ id }: Delivery, attempts: number) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    UPDATE undelivered SET due_at = now(), attempts = ${attempts} WHERE delivery_id = ${id} AND due_at IS NOT NULL`
})

const sent = (client: Client) =>
  Effect.map(eventsOfType(client, "webhook:sent"), (events) => events.map(({ data }) => data))

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(code, headers).end("body")

const signed = ({ headers }: Delivered) => ({
  "webhook-id": String(headers["webhook-id"]),
  "webhook-timestamp": String(headers["webhook-timestamp"]),
  "webhook-signature": String(headers["webhook-signature"])
})

describe("the retry schedule", () => {
  const base = ["5 seconds", "5 minutes", "30 minutes", "2 hours", "5 hours", "10 hours", "14 hours"] as const
  const millis = [...base, "20 hours" as const, "24 hours" as const].map((one) =>
    Duration.toMillis(Duration.fromInputUnsafe(one))
  )
  const delays = Effect.forEach(millis, (_, index) => delayAfter(defaultRetries, index + 1)).pipe(
    Effect.map((all) =>
      all.map((delay) => Option.match(delay, { onNone: () => 0, onSome: Duration.toMillis }))
    )
  )

  it.effect("tries again nine times over 75.6 hours, each delay jittered by a fifth", () =>
    Effect.gen(function* () {
      assert.strictEqual((millis.reduce((sum, one) => sum + one) / 3_600_000).toFixed(1), "75.6")
      const samples = yield* Effect.forEach(
        Array.from({ length: 200 }, (_, seed) => seed),
        (seed) => delays.pipe(Random.withSeed(seed))
      )
      for (const [index, expected] of millis.entries()) {
        const ratios = samples.map((sample) => (sample[index] ?? 0) / expected)
        assert.isAtLeast(Math.min(...ratios), 0.8)
        assert.isAtMost(Math.max(...ratios), 1.2)
        assert.isBelow(Math.min(...ratios), 0.85)
        assert.isAbove(Math.max(...ratios), 1.15)
      }
    })
  )

  it.effect("ends after the tenth attempt", () =>
    Effect.gen(function* () {
      assert.isTrue(Option.isNone(yield* delayAfter(defaultRetries, 10)))
      assert.isTrue(Option.isNone(yield* delayAfter(defaultRetries, 11)))
    })
  )
})

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("deliveries", (it) => {
  it.effect("are signed so that the libraries of receivers read them", () =>
    Effect.gen(function* () {
      const client = yield* tenant
      const target = yield* receiver
      const { id, secret } = yield* endpoint(client, target.url, "invoice.*")
      const event = yield* publish(client, "invoice.paid")
      yield* standing(client, id, "succeeded", 1)
      const [delivered] = target.got
      assert.isDefined(delivered)
      assert.strictEqual(delivered.headers["webhook-id"], event.id)
      assert.strictEqual(delivered.headers["content-type"], "application/json")
      const key = Redacted.value(secret)
      assert.deepStrictEqual(new Webhook(key).verify(delivered.body, signed(delivered)), {
        type: "invoice.paid",
        timestamp: DateTime.formatIso(event.createdAt),
        data: { amount: 42 }
      })
      assert.doesNotThrow(() => new SvixWebhook(key).verify(delivered.body, signed(delivered)))
      assert.throws(() => new SvixWebhook(key).verify(`${delivered.body} `, signed(delivered)))
      assert.throws(() => new Webhook(key).verify(`${delivered.body} `, signed(delivered)))
    })
  )

  it.effect("that failed are tried again when they are due, and tell once that they succeeded", () =>
    Effect.gen(function* () {
      const client = yield* tenant
      let code = 500
      const target = yield* receiverWith((response, delivered) => status(code)(response, delivered))
      const listener = yield* receiver
      const { id } = yield* endpoint(client, target.url, "invoice.*")
      const listening = yield* endpoint(client, listener.url, "webhook:sent")
      yield* publish(client, "invoice.paid")
      const failed = yield* standing(client, id, "failed", 1)
      const wait =
        Number(failed.nextAttemptAt?.epochMilliseconds) -
        Number(failed.attemptLog[0]?.at.epochMilliseconds) -
        Number(failed.attemptLog[0]?.durationMs)
      assert.isAtLeast(wait, 4000)
      assert.isAtMost(wait, 7000)
      assert.deepStrictEqual(yield* sent(client), [])
      code = 202
      yield* due(failed, 1)
      const succeeded = yield* standing(client, id, "succeeded", 2)
      assert.deepStrictEqual(
        succeeded.attemptLog.map((one) => [one.number, one.status, one.error]),
        [
          [1, 500, "Status"],
          [2, 202, undefined]
        ]
      )
      assert.isDefined(succeeded.completedAt)
      assert.isUndefined(succeeded.nextAttemptAt)
      assert.deepStrictEqual(
        target.got.map(({ headers }) => headers["webhook-id"]),
        [failed.eventId, failed.eventId]
      )
      // The listener's own delivery says nothing of its end: that would never end.
      yield* standing(client, listening.id, "succeeded", 1)
      yield* publish(client, "invoice.paid")
      yield* eventually(sent(client), (all) => all.length >= 2)
      yield* eventually(
        deliveriesTo(client, listening.id),
        (all) => all.filter((one) => one.state === "succeeded").length === 2
      )
      assert.deepStrictEqual(yield* sent(client), [
        { webhookId: id, success: true },
        { webhookId: id, success: true }
      ])
    })
  )

  it.effect("are given up after the tenth attempt, and tell so once", () =>
    Effect.gen(function* () {
      const client = yield* tenant
      const target = yield* receiverWith(status(503))
      const { id } = yield* endpoint(client, target.url, "invoice.*")
      yield* publish(client, "invoice.paid")
      yield* due(yield* standing(client, id, "failed", 1), 8)
      yield* due(yield* standing(client, id, "failed", 9), 9)
      const exhausted = yield* standing(client, id, "exhausted", 10)
      assert.isUndefined(exhausted.nextAttemptAt)
      assert.isDefined(exhausted.completedAt)
      assert.deepStrictEqual(
        exhausted.attemptLog.map((one) => one.number),
        [1, 9, 10]
      )
      const told = yield* eventually(sent(client), (all) => all.length > 0)
      assert.deepStrictEqual(told, [{ webhookId: id, success: false }])
      assert.strictEqual(target.got.length, 3)
    })
  )

  it.effect("to a disabled or removed endpoint are skipped", () =>
    Effect.gen(function* () {
      const client = yield* tenant
      const sql = yield* SqlClient.SqlClient
      const target = yield* receiverWith(status(500))
      const retry = { type: "list", delaysSeconds: [3600] } as const
      const fails = (type: string) =>
        client.webhooks.createOutboundWebhook({ payload: { url: target.url, eventTypes: [type], retry } })
      const { id } = yield* fails("invoice.*")
      const removed = yield* fails("order.*")
      yield* publish(client, "invoice.paid")
      yield* publish(client, "order.placed")
      const failed = yield* standing(client, id, "failed", 1)
      yield* standing(client, removed.id, "failed", 1)

      yield* sql`UPDATE outbound_webhooks SET status = 'suspended', revision = revision + 1 WHERE id = ${id}`
      yield* due(failed, 1)
      yield* standing(client, id, "skipped", 1)
      yield* publish(client, "invoice.paid")
      const [skipped] = yield* deliveriesTo(client, id)
      assert.deepInclude(skipped, { state: "skipped", attempts: 0 })

      yield* client.webhooks.removeOutboundWebhook({ params: { id: removed.id } })
      const left = yield* sql`SELECT state, due_at FROM undelivered WHERE webhook_id = ${removed.id}`
      assert.deepStrictEqual(left, [{ state: "skipped", due_at: null }])
      yield* publish(client, "order.placed")
      assert.strictEqual((yield* sql`SELECT 1 FROM deliveries WHERE webhook_id = ${removed.id}`).length, 1)

      yield* sql`UPDATE outbound_webhooks SET status = 'active', revision = revision + 1 WHERE id = ${id}`
      yield* publish(client, "invoice.paid")
      yield* eventually(deliveriesTo(client, id), (all) => all[0]?.state === "failed")
      assert.strictEqual(target.got.length, 3)
    })
  )

  it.effect("to an endpoint that is dead hold up no other", () =>
    Effect.gen(function* () {
      const client = yield* tenant
      const silent = yield* receiverWith(() => {})
      const target = yield* receiver
      const dead = yield* endpoint(client, silent.url, "invoice.*")
      yield* Effect.replicateEffect(publish(client, "invoice.paid"), 40, { concurrency: 8, discard: true })
      yield* eventually(
        Effect.sync(() => silent.got.length),
        (count) => count > 0
      )
      const { id } = yield* endpoint(client, target.url, "invoice.*")
      const [took] = yield* Effect.timed(
        Effect.andThen(publish(client, "invoice.paid"), standing(client, id, "succeeded", 1))
      )
      assert.isBelow(Duration.toSeconds(took), 15)
      assert.isFalse((yield* deliveriesTo(client, dead.id)).some((one) => one.state === "succeeded"))
    })
  )

  it.effect("keep the first 16 KiB of the answer as text", () =>
    Effect.gen(function* () {
      const client = yield* tenant
      const target = yield* receiverWith((response) => {
        response.writeHead(200).end(`a\u0000${"é".repeat(20_000)}`)
      })
      const { id } = yield* endpoint(client, target.url, "invoice.*")
      yield* publish(client, "invoice.paid")
      const { attemptLog } = yield* standing(client, id, "succeeded", 1)
      const body = attemptLog[0]?.responseBody ?? ""
      assert.strictEqual(body, `a\ufffd${"é".repeat((16 * 1024 - 2) / 2)}`)
    })
  )

  it.effect("fail at redirects, which are not followed, and where nobody listens", () =>
    Effect.gen(function* () {
      const client = yield* tenant
      const elsewhere = yield* receiver
      const target = yield* receiverWith(status(307, { location: elsewhere.url }))
      const gone = yield* Effect.scoped(receiver)
      const redirecting = yield* endpoint(client, target.url, "invoice.*")
      const closed = yield* endpoint(client, gone.url, "invoice.*")
      yield* publish(client, "invoice.paid")
      const redirected = yield* standing(client, redirecting.id, "failed", 1)
      assert.deepInclude(redirected.attemptLog[0], { status: 307, error: "Status" })
      const refused = yield* standing(client, closed.id, "failed", 1)
      assert.strictEqual(refused.attemptLog[0]?.error, "ConnectFailed")
      assert.isUndefined(refused.attemptLog[0]?.status)
      assert.strictEqual(elsewhere.got.length, 0)
    })
  )
})
