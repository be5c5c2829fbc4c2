import type { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import type { DeliveryId, DeliveryState } from "@do-integrations/domain/Webhook/Delivery"
import type { NewOutboundWebhook, OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { assert, layer } from "@effect/vitest"
import { DateTime, Effect, Redacted } from "effect"
import { eventually } from "./support/Eventually.ts"
import { walk } from "./support/Pages.ts"
import { receiver, receiverWith } from "./support/Receiver.ts"
import { assertRefused } from "./support/Refused.ts"
import { TestService } from "./support/TestService.ts"
import { problemOf, send } from "./support/Wire.ts"

type Client = IntegrationsClient["Service"]

const acme = Effect.gen(function* () {
  const service = yield* TestService
  return yield* service.tenant("Acme")
})

const hourly = { type: "list", delaysSeconds: [3600] } as const

/** An endpoint whose receiver answers with `code` as it is at that time. */
const endpoint = Effect.fnUntraced(function* (
  client: Client,
  settings: Partial<NewOutboundWebhook> = {},
  code = 204
) {
  const receiving = { code }
  const target = yield* receiverWith((response) => void response.writeHead(receiving.code).end())
  const webhook = yield* client.webhooks.createOutboundWebhook({
    payload: { url: target.url, eventTypes: ["invoice.*"], retry: hourly, ...settings }
  })
  return { ...target, receiving, id: webhook.id }
})

const publish = (client: Client, type = "invoice.paid", data: Record<string, string | number> = {}) =>
  client.events.publishEvent({ payload: { type, data } })

/** Waits until the deliveries to an endpoint stand as said, newest first, and answers with them. */
const standing = (client: Client, webhookId: OutboundWebhookId, ...states: ReadonlyArray<DeliveryState>) =>
  Effect.map(
    eventually(
      client.webhooks.listDeliveries({ query: { webhookId } }),
      ({ items }) => items.map(({ state }) => state).join() === states.join()
    ),
    ({ items }) => items
  )

const only = Effect.fnUntraced(function* (
  client: Client,
  webhookId: OutboundWebhookId,
  state: DeliveryState
) {
  const [delivery] = yield* standing(client, webhookId, state)
  return delivery ?? (yield* Effect.die("No delivery"))
})

const audited = (client: Client, target: DeliveryId) =>
  Effect.map(client.audit.listAudit({ query: {} }), ({ items }) =>
    items.filter((one) => one.target === target).map(({ action, details }) => [action, details])
  )

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("deliveries by hand", (it) => {
  it.effect("are retried whatever became of them, with the same id and their retries from the start", () =>
    Effect.gen(function* () {
      const { client } = yield* acme
      const target = yield* endpoint(client)
      const event = yield* publish(client)
      const { id } = yield* only(client, target.id, "succeeded")
      const params = { id }
      target.receiving.code = 500
      const retried = yield* client.webhooks.retryDelivery({ params })
      assert.include({ ...retried }, { id, state: "pending", attempts: 1 })
      assert.notProperty(retried, "completedAt")
      const failed = yield* only(client, target.id, "failed")
      assert.strictEqual(failed.attempts, 2)
      // The last of the schedule's two attempts, once more from its beginning.
      const last = yield* client.webhooks.retryDelivery({ params })
      assert.isDefined(last.nextAttemptAt)
      yield* eventually(client.webhooks.getDelivery({ params }), ({ attempts }) => attempts === 3)
      assert.strictEqual((yield* only(client, target.id, "failed")).attempts, 3)
      target.receiving.code = 204
      yield* client.webhooks.retryDelivery({ params })
      yield* only(client, target.id, "succeeded")
      const { attemptLog } = yield* client.webhooks.getDelivery({ params })
      assert.deepStrictEqual(
        attemptLog.map(({ number, status }) => [number, status]),
        [
          [1, 204],
          [2, 500],
          [3, 500],
          [4, 204]
        ]
      )
      assert.deepStrictEqual(
        target.got.map(({ headers }) => headers["webhook-id"]),
        [1, 2, 3, 4].map(() => event.id)
      )
      const entry = ["delivery.retried", { webhookId: target.id }]
      assert.deepStrictEqual(yield* audited(client, id), [entry, entry, entry])
    })
  )

  it.effect("are retried only where the webhook is there and active", () =>
    Effect.gen(function* () {
      const { client } = yield* acme
      const target = yield* endpoint(client)
      yield* publish(client)
      const { id } = yield* only(client, target.id, "succeeded")
      const retry = client.webhooks.retryDelivery({ params: { id } })
      yield* client.webhooks.pauseOutboundWebhook({ params: { id: target.id } })
      yield* assertRefused(retry, "Unprocessable", { detail: "The webhook is not active; resume it first" })
      yield* client.webhooks.removeOutboundWebhook({ params: { id: target.id } })
      yield* assertRefused(retry, "Unprocessable", { detail: "The webhook was removed" })
    })
  )

  it.effect("are cancelled while they are on their way, and once", () =>
    Effect.gen(function* () {
      const { client } = yield* acme
      const target = yield* endpoint(client, {}, 500)
      yield* publish(client)
      const { id } = yield* only(client, target.id, "failed")
      const cancelled = yield* client.webhooks.cancelDelivery({ params: { id } })
      assert.strictEqual(cancelled.state, "cancelled")
      assert.isDefined(cancelled.completedAt)
      assert.notProperty(cancelled, "nextAttemptAt")
      yield* assertRefused(client.webhooks.cancelDelivery({ params: { id } }), "Conflict")
      assert.deepStrictEqual(yield* audited(client, id), [["delivery.cancelled", { webhookId: target.id }]])
      target.receiving.code = 204
      yield* client.webhooks.retryDelivery({ params: { id } })
      yield* only(client, target.id, "succeeded")
      yield* assertRefused(client.webhooks.cancelDelivery({ params: { id } }), "Conflict")
    })
  )

  it.effect("that hold up an order are passed over or retried, and what waits behind them goes", () =>
    Effect.gen(function* () {
      const { client } = yield* acme
      const ordering = { key: "customer", whenExhausted: "block" } as const
      const once = { type: "list", delaysSeconds: [1], maxAttempts: 1 } as const
      for (const act of ["cancelDelivery", "retryDelivery"] as const) {
        const target = yield* endpoint(client, { ordering, retry: once }, 500)
        yield* publish(client, "invoice.paid", { customer: "a", number: 1 })
        yield* standing(client, target.id, "exhausted")
        yield* publish(client, "invoice.paid", { customer: "a", number: 2 })
        const [behind, head] = yield* standing(client, target.id, "pending", "exhausted")
        assert.isDefined(head)
        assert.include({ ...head }, { blocking: true, orderingKey: "a" })
        assert.notProperty(behind ?? {}, "blocking")
        target.receiving.code = 204
        yield* client.webhooks[act]({ params: { id: head.id } })
        yield* standing(client, target.id, "succeeded", act === "cancelDelivery" ? "cancelled" : "succeeded")
        assert.deepStrictEqual(
          target.got.map(({ body }) => JSON.parse(body).data.number),
          act === "cancelDelivery" ? [1, 2] : [1, 1, 2]
        )
        yield* client.webhooks.removeOutboundWebhook({ params: { id: target.id } })
      }
    })
  )

  it.effect("are listed by state, endpoint, type and time", () =>
    Effect.gen(function* () {
      const { apiKey, client } = yield* acme
      const [good, bad] = [yield* endpoint(client), yield* endpoint(client, {}, 500)]
      yield* publish(client, "invoice.paid")
      yield* publish(client, "invoice.sent")
      yield* standing(client, bad.id, "failed", "failed")
      yield* standing(client, good.id, "succeeded", "succeeded")
      const [sent, paid] = yield* standing(client, bad.id, "failed", "failed")
      assert.isDefined(sent)
      assert.isDefined(paid)
      yield* client.webhooks.cancelDelivery({ params: { id: paid.id } })
      yield* client.webhooks.pauseOutboundWebhook({ params: { id: good.id } })
      yield* publish(client, "invoice.late")
      yield* standing(client, good.id, "skipped", "succeeded", "succeeded")
      yield* standing(client, bad.id, "failed", "failed", "cancelled")

      type Query = NonNullable<Parameters<Client["webhooks"]["listDeliveries"]>[0]>["query"]
      const list = (query: Query) =>
        Effect.map(
          walk((page) => client.webhooks.listDeliveries({ query: { ...query, ...page } })),
          (all) => all.map(({ eventType, state, webhookId }) => [eventType, state, webhookId === good.id])
        )
      const late = [
        ["invoice.late", "failed", false],
        ["invoice.late", "skipped", true]
      ]
      assert.sameDeepMembers(yield* list({ undelivered: true }), [
        ["invoice.late", "skipped", true],
        ["invoice.paid", "cancelled", false]
      ])
      assert.deepStrictEqual(yield* list({ undelivered: true, webhookId: bad.id }), [
        ["invoice.paid", "cancelled", false]
      ])
      assert.deepStrictEqual(yield* list({ undelivered: true, state: "skipped" }), [
        ["invoice.late", "skipped", true]
      ])
      for (const state of ["pending", "in_flight", "failed", "succeeded"]) {
        const query = `undelivered=true&state=${state}`
        const { status, text } = yield* send("GET", `/v1/deliveries?${query}`, { key: apiKey.secret })
        assert.strictEqual(status, 422, state)
        assert.deepInclude(yield* problemOf(text), {
          errors: [
            {
              path: ["query", "state"],
              message: "Expected exhausted, skipped or cancelled, or no state, beside undelivered"
            }
          ]
        })
      }
      assert.sameDeepMembers(yield* list({ undelivered: false, eventType: "invoice.late" }), late)
      assert.deepStrictEqual(
        yield* list({ undelivered: false, state: "failed" }),
        yield* list({ state: "failed" })
      )
      assert.deepStrictEqual(yield* list({ state: "failed" }), [
        ["invoice.late", "failed", false],
        ["invoice.sent", "failed", false]
      ])
      assert.deepStrictEqual(yield* list({ state: "cancelled" }), [["invoice.paid", "cancelled", false]])
      assert.sameDeepMembers(yield* list({ state: "succeeded" }), [
        ["invoice.sent", "succeeded", true],
        ["invoice.paid", "succeeded", true]
      ])
      assert.deepStrictEqual(yield* list({ state: "pending" }), [])
      assert.sameDeepMembers(yield* list({ eventType: "invoice.late" }), late)
      assert.deepStrictEqual(yield* list({ eventType: "invoice.late", state: "failed" }), [late[0]])
      assert.deepStrictEqual(yield* list({ eventType: "invoice.none" }), [])

      const [newest] = (yield* client.webhooks.listDeliveries({ query: { eventType: "invoice.late" } })).items
      const since = newest?.createdAt ?? sent.createdAt
      assert.sameDeepMembers(yield* list({ since }), late)
      assert.deepStrictEqual(yield* list({ since, undelivered: true }), [late[1]])
      assert.deepStrictEqual(yield* list({ until: since, undelivered: true }), [
        ["invoice.paid", "cancelled", false]
      ])
      assert.lengthOf(yield* list({ until: since }), 4)
      assert.deepStrictEqual(yield* list({ since, until: since }), [])
      const ages = { since: DateTime.makeUnsafe(-1e15), until: DateTime.makeUnsafe(8e15) }
      assert.lengthOf(yield* list(ages), 6)
      for (const bad of [
        "state=lost",
        "undelivered=yes",
        "since=yesterday",
        "eventType=a%20b",
        "webhookId=1"
      ]) {
        const { status, text } = yield* send("GET", `/v1/deliveries?${bad}`, { key: apiKey.secret })
        assert.strictEqual(status, 400, bad)
        yield* problemOf(text)
      }
    })
  )

  it.effect("are made for one endpoint alone, and waited for as long as asked", () =>
    Effect.gen(function* () {
      const { apiKey, client } = yield* acme
      const [target, other] = [yield* endpoint(client), yield* endpoint(client, { eventTypes: ["*"] })]
      const params = { id: target.id }
      const trigger = (payload: { readonly type: string; readonly waitSeconds?: number }, key?: string) =>
        client.webhooks.triggerOutboundWebhook({
          params,
          payload: { data: { amount: 42 }, ...payload },
          headers: key === undefined ? {} : { "idempotency-key": key }
        })
      const result = yield* trigger({ type: "order.made", waitSeconds: 10 })
      assert.deepInclude({ ...result }, { webhookId: target.id, state: "succeeded", success: true })
      assert.strictEqual(result.attempt?.status, 204)
      assert.deepStrictEqual(
        target.got.map(({ body }) => JSON.parse(body).data),
        [{ amount: 42 }]
      )
      const [event] = (yield* client.events.listEvents({ query: { type: "order.made" } })).items
      assert.include({ ...event }, { id: result.eventId, subject: target.id })

      const first = yield* trigger({ type: "order.made" }, "one")
      const again = yield* trigger({ type: "order.made", waitSeconds: 10 }, "one")
      assert.strictEqual(again.deliveryId, first.deliveryId)
      assert.strictEqual(again.state, "succeeded")
      yield* assertRefused(trigger({ type: "order.paid" }, "one"), "Unprocessable")
      const replayed = yield* send("POST", `/v1/webhooks/outbound/${target.id}/trigger`, {
        key: apiKey.secret,
        headers: { "idempotency-key": "one" },
        body: { type: "order.made", data: { amount: 42 } }
      })
      assert.strictEqual(replayed.headers.get("idempotent-replayed"), "true")

      target.receiving.code = 500
      const failed = yield* trigger({ type: "order.made", waitSeconds: 10 })
      assert.include({ ...failed }, { state: "failed", success: false })
      assert.strictEqual(failed.attempt?.status, 500)
      yield* client.webhooks.pauseOutboundWebhook({ params })
      const skipped = yield* trigger({ type: "order.made", waitSeconds: 10 })
      assert.include({ ...skipped }, { state: "skipped", success: false })
      assert.notProperty(skipped, "attempt")
      yield* client.events.createEventType({
        payload: { name: "order.checked", schema: { required: ["id"] } }
      })
      yield* assertRefused(trigger({ type: "order.checked" }), "Unprocessable")
      assert.lengthOf(
        other.got.filter(({ body }) => JSON.parse(body).type.startsWith("order.")),
        0
      )
    })
  )

  it.effect("of a test tell what the receiver said", () =>
    Effect.gen(function* () {
      const { client } = yield* acme
      const other = yield* receiver
      yield* client.webhooks.createOutboundWebhook({
        payload: { url: other.url, eventTypes: ["endpoint.*", "*"] }
      })
      const target = yield* endpoint(client, { filter: { amount: { $gt: 1 } } })
      const test = client.webhooks.testOutboundWebhook({ params: { id: target.id } })
      const good = yield* test
      assert.include({ ...good }, { state: "succeeded", success: true })
      const body = JSON.parse(target.got[0]?.body ?? "")
      assert.include(body, { type: "endpoint.test" })
      assert.deepStrictEqual(body.data, { webhookId: target.id })
      target.receiving.code = 404
      const bad = yield* test
      assert.include({ ...bad }, { state: "failed", success: false })
      assert.include({ ...bad.attempt }, { status: 404, error: "Status" })
      assert.lengthOf(other.got, 0)
      const keyed = client.webhooks.testOutboundWebhook({
        params: { id: target.id },
        headers: { "idempotency-key": "test" }
      })
      assert.strictEqual((yield* keyed).deliveryId, (yield* keyed).deliveryId)
      const { items } = yield* client.audit.listAudit({ query: {} })
      assert.lengthOf(
        items.filter(({ action, target: on }) => action === "outbound_webhook.tested" && on === target.id),
        3
      )
    })
  )

  it.effect("are not made of more than 256 KiB", () =>
    Effect.gen(function* () {
      const { apiKey, client } = yield* acme
      const target = yield* endpoint(client)
      const path = `/v1/webhooks/outbound/${target.id}/trigger`
      const answer = yield* send("POST", path, {
        key: Redacted.make(Redacted.value(apiKey.secret)),
        body: { type: "order.made", data: "x".repeat(256 * 1024) }
      })
      assert.strictEqual(answer.status, 413)
      assert.deepStrictEqual((yield* client.webhooks.listDeliveries({ query: {} })).items, [])
    })
  )
})
