import { CustomerId, type TenantId } from "@do-integrations/domain/Tenant"
import type { NewOutboundWebhook } from "@do-integrations/domain/Webhook/Outbound"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { inject } from "vitest"
import { EventLog } from "../src/EventLog.ts"
import { UnitOfWork } from "../src/UnitOfWork.ts"
import { eventually } from "./support/Eventually.ts"
import { allIn, deliveriesTo, endpoint, fastForward, newTenant, publish } from "./support/Outbound.ts"
import { eventsOfType } from "./support/Pages.ts"
import { receiver, receiverWith } from "./support/Receiver.ts"
import { TestService } from "./support/TestService.ts"

const postgres = inject("testDatabase")._tag === "Postgres"

/** Records a platform event in the caller's transaction. */
const record = (tenantId: TenantId) =>
  EventLog.use((events) =>
    events.record({ type: "integration:connected", data: { integrationType: "stripe" }, tenantId })
  )

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("fan-out", (it) => {
  it.effect("goes by type, channel, data and customer, to each endpoint that takes the event", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const { url } = yield* receiver
      const alice = CustomerId.make("alice")
      const settings: Record<string, Partial<NewOutboundWebhook>> = {
        all: { eventTypes: ["*"] },
        invoices: { eventTypes: ["invoice.*"] },
        paid: { eventTypes: ["invoice.paid", "invoice.*", "*"] },
        colon: { eventTypes: ["invoice:*"] },
        deep: { eventTypes: ["invoice.paid.*"] },
        red: { eventTypes: ["*"], channels: ["red", "blue"] },
        dear: { eventTypes: ["*"], filter: { amount: { $gte: 100 } } },
        hers: { eventTypes: ["*"], customerId: alice }
      }
      const ids = new Map<string, string>()
      for (const [name, one] of Object.entries(settings)) {
        ids.set((yield* endpoint(client, url, one)).id, name)
      }
      const sql = yield* SqlClient.SqlClient
      const takers = Effect.fnUntraced(function* (
        type: string,
        data: { readonly amount: number } | null,
        more: { readonly channels?: ReadonlyArray<string>; readonly customerId?: CustomerId } = {}
      ) {
        const { id } = yield* client.events.publishEvent({ headers: {}, payload: { type, data, ...more } })
        const rows = yield* sql<{
          readonly webhook_id: string
        }>`SELECT webhook_id FROM deliveries WHERE event_id = ${id}`
        return rows.map(({ webhook_id }) => ids.get(webhook_id)).toSorted()
      })
      assert.deepStrictEqual(yield* takers("invoice.paid", { amount: 1 }), ["all", "invoices", "paid"])
      assert.deepStrictEqual(yield* takers("invoice.paid.late", null), ["all", "deep", "invoices", "paid"])
      assert.deepStrictEqual(yield* takers("invoice:paid", null), ["all", "colon", "paid"])
      assert.deepStrictEqual(yield* takers("invoice", null), ["all", "paid"])
      assert.deepStrictEqual(yield* takers("invoices.paid", null), ["all", "paid"])
      assert.deepStrictEqual(yield* takers("order.made", { amount: 100 }), ["all", "dear", "paid"])
      assert.deepStrictEqual(yield* takers("order.made", null, { channels: ["green", "red"] }), [
        "all",
        "paid",
        "red"
      ])
      assert.deepStrictEqual(yield* takers("order.made", null, { channels: ["green"] }), ["all", "paid"])
      assert.deepStrictEqual(yield* takers("order.made", null, { customerId: alice }), [
        "all",
        "hers",
        "paid"
      ])
      const bob = CustomerId.make("bob")
      assert.deepStrictEqual(yield* takers("order.made", null, { customerId: bob }), ["all", "paid"])
    })
  )

  it.effect("never crosses from one tenant to another", () =>
    Effect.gen(function* () {
      const [ours, theirs] = [yield* newTenant, yield* newTenant]
      const target = yield* receiver
      const { id } = yield* endpoint(ours.client, target.url, { eventTypes: ["*"] })
      yield* publish(theirs.client)
      yield* publish(ours.client)
      yield* allIn(ours.client, id, "succeeded")
      assert.strictEqual((yield* deliveriesTo(ours.client, id)).length, 1)
      assert.strictEqual(target.got.length, 1)
    })
  )

  it.effect("records what an endpoint misses that is not active", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* receiver
      const { id } = yield* endpoint(client, target.url)
      yield* client.webhooks.pauseOutboundWebhook({ params: { id } })
      yield* publish(client)
      const [missed] = yield* deliveriesTo(client, id)
      assert.deepInclude(missed, { state: "skipped", attempts: 0 })
      assert.isDefined(missed?.completedAt)
      assert.isUndefined(missed?.nextAttemptAt)
      yield* client.webhooks.resumeOutboundWebhook({ params: { id }, payload: {} })
      yield* publish(client)
      yield* eventually(deliveriesTo(client, id), (all) => all.at(-1)?.state === "succeeded")
      assert.strictEqual(target.got.length, 1)
    })
  )

  it.effect("numbers deliveries in the order of their events", () =>
    Effect.gen(function* () {
      const { client, tenantId } = yield* newTenant
      const target = yield* receiver
      yield* endpoint(client, target.url)
      yield* endpoint(client, target.url, {
        ordering: { whenExhausted: "block" }
      })
      for (let n = 0; n < 5; n++) yield* publish(client, { n })
      yield* Effect.replicateEffect(publish(client), 60, { concurrency: 20, discard: true })
      const sql = yield* SqlClient.SqlClient
      // Events that one transaction wrote, and of an ordered endpoint all, have deliveries in the same order.
      const inverted = yield* sql`
        WITH numbered AS (
          SELECT deliveries.*, events.xid, events.sequence AS event_sequence,
            webhook.ordering IS NOT NULL AS ordered
          FROM deliveries JOIN events ON events.id = event_id
          JOIN outbound_webhooks AS webhook ON webhook.id = webhook_id
          WHERE deliveries.tenant_id = ${tenantId})
        SELECT 1 FROM numbered AS a JOIN numbered AS b
          ON a.webhook_id = b.webhook_id AND a.event_sequence < b.event_sequence AND a.sequence > b.sequence
        WHERE a.xid = b.xid`
      assert.deepStrictEqual(inverted, [])
      const numbered = yield* sql`SELECT 1 FROM deliveries WHERE tenant_id = ${tenantId}`
      assert.strictEqual(numbered.length, 130)
      const first = yield* sql`
        SELECT count(*)::int AS turned FROM (
          SELECT (events.data::json->>'n')::int AS n,
            row_number() OVER (PARTITION BY webhook_id ORDER BY deliveries.sequence) AS place
          FROM deliveries JOIN events ON events.id = event_id
          WHERE deliveries.tenant_id = ${tenantId} AND events.data LIKE '%n%' AND events.data NOT LIKE '%amount%') AS one
        WHERE n + 1 <> place`
      assert.deepStrictEqual(first, [{ turned: 0 }])
    })
  )

  it.effect.skipIf(!postgres)(
    "lets no ordered delivery by one whose transaction is still open (Postgres only)",
    () =>
      Effect.gen(function* () {
        const { client, tenantId } = yield* newTenant
        const sql = yield* SqlClient.SqlClient
        const unit = yield* UnitOfWork
        const target = yield* receiver
        const plain = yield* receiver
        const everything = ["integration:connected", "invoice.*"]
        const ordered = yield* endpoint(client, target.url, {
          eventTypes: everything,
          ordering: { whenExhausted: "block" }
        })
        yield* endpoint(client, plain.url, { eventTypes: ["order.*"] })
        const opened = yield* Deferred.make<void>()
        const close = yield* Deferred.make<void>()
        const open = yield* unit
          .commit(
            Effect.andThen(
              record(tenantId),
              Effect.andThen(Deferred.succeed(opened, undefined), Deferred.await(close))
            )
          )
          .pipe(Effect.forkChild)
        yield* Deferred.await(opened)
        const later = yield* Effect.forkChild(publish(client))
        // It waits for its number until the other one is on disk; what is not ordered does not.
        yield* eventually(
          sql`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
          (waiting) => waiting.length === 1
        )
        yield* client.events.publishEvent({ headers: {}, payload: { type: "order.made", data: null } })
        yield* eventually(
          Effect.sync(() => plain.got.length),
          (got) => got === 1
        )
        assert.strictEqual(target.got.length, 0)
        yield* Deferred.succeed(close, undefined)
        yield* Fiber.join(open)
        yield* Fiber.join(later)
        yield* allIn(client, ordered.id, "succeeded")
        const numbered = yield* sql`
        SELECT event_type FROM deliveries WHERE webhook_id = ${ordered.id} ORDER BY sequence`
        assert.deepStrictEqual(numbered, [
          { event_type: "integration:connected" },
          { event_type: "invoice.paid" }
        ])
        assert.match(target.got[0]?.body ?? "", /integration:connected/)
        assert.match(target.got[1]?.body ?? "", /invoice\.paid/)
      })
  )

  it.effect("undoes deliveries with the transaction that made them", () =>
    Effect.gen(function* () {
      const { client, tenantId } = yield* newTenant
      const unit = yield* UnitOfWork
      const target = yield* receiver
      const { id } = yield* endpoint(client, target.url, { eventTypes: ["*"] })
      yield* Effect.exit(unit.commit(Effect.andThen(record(tenantId), Effect.die("undone"))))
      yield* publish(client)
      yield* allIn(client, id, "succeeded")
      assert.strictEqual((yield* deliveriesTo(client, id)).length, 1)
      assert.strictEqual(target.got.length, 1)
    })
  )
})

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("webhook:sent", (it) => {
  it.effect("comes once for each end, and only to those that name it", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      let code = 500
      const target = yield* receiverWith((response) => void response.writeHead(code).end())
      const listener = yield* receiver
      const { id } = yield* endpoint(client, target.url, {
        retry: { type: "list", delaysSeconds: [3600] }
      })
      const star = yield* endpoint(client, listener.url, { eventTypes: ["*"] })
      const named = yield* endpoint(client, listener.url, { eventTypes: ["webhook:sent"] })
      const below = yield* endpoint(client, listener.url, { eventTypes: ["webhook:*"] })
      const told = eventsOfType(client, "webhook:sent").pipe(
        Effect.map((events) => events.map(({ data }) => data))
      )
      const oneEvent = publish(client)

      // Given up.
      yield* oneEvent
      yield* allIn(client, id, "failed")
      yield* fastForward(id)
      yield* allIn(client, id, "exhausted")
      // Delivered.
      code = 204
      yield* oneEvent
      yield* eventually(deliveriesTo(client, id), (all) => all.at(-1)?.state === "succeeded")
      // Two ends of this endpoint and two of the one with the star; not one of the endpoints that are told of them.
      for (const one of [named, below]) {
        yield* eventually(deliveriesTo(client, one.id), (all) => all.length === 4)
        yield* allIn(client, one.id, "succeeded")
      }
      assert.sameDeepMembers(yield* told, [
        { webhookId: id, success: false },
        { webhookId: id, success: true },
        { webhookId: star.id, success: true },
        { webhookId: star.id, success: true }
      ])
      const types = (yield* deliveriesTo(client, star.id)).map(({ eventType }) => eventType)
      assert.deepStrictEqual(types, ["invoice.paid", "invoice.paid"])
    })
  )
})
