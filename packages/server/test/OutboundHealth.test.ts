import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { assert, layer } from "@effect/vitest"
import { DateTime, Deferred, Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { inject } from "vitest"
import { eventually } from "./support/Eventually.ts"
import {
  allIn,
  type Client,
  deliveriesTo,
  detail,
  endpoint,
  endpointNow,
  fastForward,
  newTenant,
  publish
} from "./support/Outbound.ts"
import { eventsOfType, walk } from "./support/Pages.ts"
import { receiverWith } from "./support/Receiver.ts"
import { TestService } from "./support/TestService.ts"

const postgres = inject("testDatabase")._tag === "Postgres"

/** A receiver that answers with the status of the time. */
const switched = Effect.gen(function* () {
  let code = 500
  const { got, url } = yield* receiverWith((response) => void response.writeHead(code).end())
  return {
    got,
    url,
    answer: (status: number) => {
      code = status
    }
  }
})

const retry = { type: "list", delaysSeconds: [3600, 3600, 3600] } as const

/** Has the endpoint, which fails, do so since this many minutes. */
const failingFor = Effect.fnUntraced(function* (client: Client, id: OutboundWebhookId, minutes: number) {
  const sql = yield* SqlClient.SqlClient
  // What its owner has seen is written a moment after the attempt.
  yield* eventually(
    sql`SELECT 1 AS noted FROM outbound_webhooks WHERE id = ${id} AND failing_since IS NOT NULL`,
    (rows) => rows.length === 1
  )
  const since = DateTime.toDateUtc(DateTime.subtract(yield* DateTime.now, { minutes }))
  // As a change of its own: what its owner has seen and not written yet does not replace it.
  yield* sql`UPDATE outbound_webhooks SET failing_since = ${since}, revision = revision + 1 WHERE id = ${id}`
  // Its owner is told, and reads it.
  yield* client.webhooks.updateOutboundWebhook({ params: { id }, payload: { concurrency: 15 } })
  return since
})

const auditOf = (client: Client, id: OutboundWebhookId) =>
  walk(
    ({ cursor, limit }) =>
      client.audit.listAudit({ query: { limit, ...(cursor === undefined ? {} : { cursor }) } }),
    100
  ).pipe(Effect.map((entries) => entries.filter(({ target }) => target === id)))

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("health", (it) => {
  it.effect("says since when every attempt has failed, until one succeeds", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* switched
      const { id } = yield* endpoint(client, target.url, { retry })
      const before = Date.now()
      yield* publish(client)
      yield* allIn(client, id, "failed")
      const first = yield* eventually(endpointNow(client, id), (now) => now.failingSince !== undefined)
      assert.isAtLeast(Number(first.failingSince?.epochMilliseconds), before - 1)
      assert.isUndefined(first.lastActivityAt)
      yield* fastForward(id)
      yield* eventually(deliveriesTo(client, id), (all) => all[0]?.attempts === 2)
      yield* publish(client)
      yield* allIn(client, id, "failed")
      assert.deepStrictEqual((yield* endpointNow(client, id)).failingSince, first.failingSince)
      target.answer(204)
      yield* publish(client)
      const well = yield* eventually(endpointNow(client, id), (now) => now.failingSince === undefined)
      assert.strictEqual(well.status, "active")
      assert.isAtLeast(Number(well.lastActivityAt?.epochMilliseconds), before)
    })
  )

  it.effect("does not hold what the old address answers against the new one", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      let gone: (() => void) | undefined
      const old = yield* receiverWith((response) => {
        gone = () => response.writeHead(410).end()
      })
      const next = yield* switched
      next.answer(204)
      const { id } = yield* endpoint(client, old.url, { retry })
      yield* publish(client)
      yield* eventually(
        Effect.sync(() => gone),
        (asked) => asked !== undefined
      )
      yield* client.webhooks.updateOutboundWebhook({ params: { id }, payload: { url: next.url } })
      gone?.()
      yield* allIn(client, id, "exhausted")
      yield* publish(client)
      yield* eventually(deliveriesTo(client, id), (all) => all.some(({ state }) => state === "succeeded"))
      assert.deepInclude(yield* endpointNow(client, id), { status: "active", url: next.url })
      assert.deepStrictEqual(yield* eventsOfType(client, "integration:error"), [])
    })
  )

  it.effect.skipIf(!postgres)("skips nothing of an endpoint that is being resumed (Postgres only)", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const sql = yield* SqlClient.SqlClient
      const target = yield* switched
      const { id } = yield* endpoint(client, target.url, { retry })
      yield* publish(client)
      yield* allIn(client, id, "failed")
      yield* client.webhooks.pauseOutboundWebhook({ params: { id } })
      // Nobody writes of the endpoint any more.
      yield* eventually(endpointNow(client, id), (now) => now.failingSince !== undefined)
      yield* Effect.sleep("1500 millis")
      target.answer(204)
      const begun = yield* Deferred.make<void>()
      const end = yield* Deferred.make<void>()
      const resuming = yield* sql`
        UPDATE outbound_webhooks SET status = 'active', revision = revision + 1 WHERE id = ${id}`.pipe(
        Effect.andThen(Deferred.succeed(begun, undefined)),
        Effect.andThen(Deferred.await(end)),
        sql.withTransaction,
        Effect.forkChild
      )
      yield* Deferred.await(begun)
      // Due to an endpoint that everybody else still sees paused; its owner waits to see what becomes of that.
      yield* fastForward(id)
      yield* eventually(
        sql`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        (rows) => rows.length > 0
      )
      yield* Deferred.succeed(end, undefined)
      yield* Fiber.join(resuming)
      yield* allIn(client, id, "succeeded")
    })
  )

  it.effect("waits for the answer of an attempt that may yet succeed", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      let slow = false
      const target = yield* receiverWith((response) => {
        if (slow) setTimeout(() => response.writeHead(204).end(), 900)
        else response.writeHead(500).end()
      })
      const { id } = yield* endpoint(client, target.url, { retry, disableAfterHours: 2 })
      yield* publish(client)
      yield* allIn(client, id, "failed")
      yield* failingFor(client, id, 600)
      slow = true
      const { id: eventId } = yield* publish(client)
      yield* eventually(deliveriesTo(client, id), (all) =>
        all.some((one) => one.eventId === eventId && one.state === "succeeded")
      )
      const well = yield* eventually(endpointNow(client, id), (now) => now.failingSince === undefined)
      assert.strictEqual(well.status, "active")
      assert.deepStrictEqual(yield* eventsOfType(client, "integration:error"), [])
    })
  )

  it.effect("disables an endpoint that has only failed for too long, and says so once", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* switched
      const { id } = yield* endpoint(client, target.url, { retry, disableAfterHours: 2 })
      yield* publish(client)
      yield* allIn(client, id, "failed")
      yield* failingFor(client, id, 119)
      yield* publish(client)
      yield* allIn(client, id, "failed")
      assert.strictEqual((yield* endpointNow(client, id)).status, "active")

      yield* failingFor(client, id, 121)
      yield* publish(client)
      const disabled = yield* eventually(endpointNow(client, id), ({ status }) => status === "error")
      assert.strictEqual(disabled.error, "Every attempt has failed for too long")
      const all = yield* deliveriesTo(client, id)
      assert.deepStrictEqual(
        all.map(({ attempts, state }) => [state, attempts]),
        [
          ["failed", 1],
          ["failed", 1],
          ["failed", 1]
        ]
      )
      // What comes, and what would be tried again, is skipped.
      yield* publish(client)
      yield* fastForward(id)
      yield* allIn(client, id, "skipped")
      assert.strictEqual(target.got.length, 3)
      const errors = yield* eventsOfType(client, "integration:error")
      assert.deepStrictEqual(
        errors.map(({ data }) => data),
        [{ integrationType: "outbound_webhook", error: "Every attempt has failed for too long" }]
      )
      const entries = (yield* auditOf(client, id)).filter(({ action }) => action.endsWith("disabled"))
      assert.strictEqual(entries.length, 1)
      assert.deepInclude(entries[0], {
        action: "outbound_webhook.disabled",
        actor: "system",
        details: { reason: "failing" }
      })

      // Set going again it starts afresh, although its next attempt fails too.
      yield* client.webhooks.resumeOutboundWebhook({ params: { id }, payload: {} })
      yield* publish(client)
      yield* eventually(deliveriesTo(client, id), (all) => all.at(-1)?.state === "failed")
      const { status } = yield* eventually(endpointNow(client, id), (now) => now.failingSince !== undefined)
      assert.strictEqual(status, "active")
    })
  )

  it.effect("warns once when half of the time is over", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* switched
      const { id } = yield* endpoint(client, target.url, { retry, disableAfterHours: 2 })
      const warnings = eventsOfType(client, "endpoint.failing").pipe(
        Effect.map((events) => events.map(({ data }) => data))
      )
      const fail = Effect.fnUntraced(function* (count: number) {
        yield* publish(client)
        yield* eventually(
          deliveriesTo(client, id),
          (all) => all.filter(({ state }) => state === "failed").length === count
        )
      })
      yield* fail(1)
      yield* failingFor(client, id, 58)
      yield* fail(2)
      assert.deepStrictEqual(yield* warnings, [])
      const since = yield* failingFor(client, id, 61)
      yield* fail(3)
      const expected = [
        {
          webhookId: id,
          failingSince: since.toISOString(),
          disabledAt: new Date(since.getTime() + 7_200_000).toISOString()
        }
      ]
      assert.deepStrictEqual(yield* eventually(warnings, (all) => all.length > 0), expected)
      yield* fail(4)
      yield* failingFor(client, id, 100)
      yield* fail(5)
      assert.deepStrictEqual(yield* warnings, expected)
      // After a success it warns again when it comes to that.
      target.answer(204)
      yield* publish(client)
      yield* eventually(endpointNow(client, id), (now) => now.failingSince === undefined)
      target.answer(500)
      yield* fail(6)
      yield* eventually(endpointNow(client, id), (now) => now.failingSince !== undefined)
      yield* failingFor(client, id, 61)
      yield* fail(7)
      yield* eventually(warnings, (all) => all.length === 2)
    })
  )

  it.effect("disables an endpoint at once that answers 410", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* switched
      const { id } = yield* endpoint(client, target.url, { retry, concurrency: 1 })
      yield* publish(client)
      yield* allIn(client, id, "failed")
      target.answer(410)
      yield* publish(client)
      const gone = yield* eventually(endpointNow(client, id), ({ status }) => status === "error")
      assert.strictEqual(gone.error, "The receiver answered 410 Gone")
      const [, ended] = yield* eventually(deliveriesTo(client, id), (all) => all[1]?.state === "exhausted")
      assert.deepInclude(ended, { state: "exhausted", attempts: 1 })
      assert.isUndefined(ended?.nextAttemptAt)
      assert.isDefined(ended?.completedAt)
      assert.isDefined(ended)
      const { attemptLog } = yield* detail(client, ended.id)
      assert.deepInclude(attemptLog[0], { status: 410, error: "Status" })
      yield* publish(client)
      yield* fastForward(id)
      yield* eventually(
        Effect.map(deliveriesTo(client, id), (all) => all.map(({ state }) => state)),
        (states) => states.join() === "skipped,exhausted,skipped"
      )
      assert.strictEqual(target.got.length, 2)
      const errors = yield* eventsOfType(client, "integration:error")
      assert.deepStrictEqual(
        errors.map(({ data }) => data),
        [{ integrationType: "outbound_webhook", error: "The receiver answered 410 Gone" }]
      )
      const entries = (yield* auditOf(client, id)).filter(({ action }) => action.endsWith("disabled"))
      assert.deepStrictEqual(
        entries.map(({ details }) => details),
        [{ reason: "gone" }]
      )
      // The one that got the 410 tells its end; what is skipped has none.
      const sent = yield* eventually(eventsOfType(client, "webhook:sent"), (all) => all.length > 0)
      assert.deepStrictEqual(
        sent.map(({ data }) => data),
        [{ webhookId: id, success: false }]
      )
    })
  )

  it.effect("ends an order's head too that answers 410", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* switched
      target.answer(410)
      const { id } = yield* endpoint(client, target.url, { ordering: { whenExhausted: "block" } })
      yield* publish(client)
      const [head] = yield* allIn(client, id, "exhausted")
      assert.isUndefined(head?.blocking)
    })
  )
})
