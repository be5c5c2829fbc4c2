import { assert, describe, it, layer } from "@effect/vitest"
import { DateTime, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { figuresOf, quantile, sumOf } from "../src/OutboundWebhooks/Figures.ts"
import { bounds, bucketOf } from "../src/DeliveryEngine/Histogram.ts"
import { eventually } from "./support/Eventually.ts"
import { receiverWith } from "./support/Receiver.ts"
import { assertRefused } from "./support/Refused.ts"
import { TestService } from "./support/TestService.ts"

const histogramOf = (durations: ReadonlyArray<number>) =>
  durations.reduce<ReadonlyArray<number>>(
    (counts, duration) => counts.map((count, bucket) => (bucket === bucketOf(duration) ? count + 1 : count)),
    Array.from({ length: bounds.length + 1 }, () => 0)
  )

/** How long an attempt may take, with a little more for what comes before and after it. */
const Durations = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 31_000 }))).check(
  Schema.isMinLength(1)
)

describe("latencies", () => {
  it.prop("lie in the bucket of the true one, and grow with their share", [Durations], ([durations]) => {
    const latencies = histogramOf(durations)
    const sorted = durations.toSorted((a, b) => a - b)
    let before = 0
    for (const share of [0.01, 0.5, 0.95, 0.99, 1]) {
      const estimate = quantile(latencies, share)
      const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? assert.fail()
      assert.strictEqual(bucketOf(estimate), bucketOf(exact))
      assert.isAtLeast(estimate, before)
      before = estimate
    }
  })

  it.prop("of several hours are those of all their attempts", [Schema.Array(Durations)], ([hours]) => {
    const counts = hours.map((durations, index) => ({
      succeeded: durations.length,
      failed: index,
      exhausted: 1,
      latencies: histogramOf(durations)
    }))
    const all = hours.flat()
    const sum = sumOf(counts)
    assert.strictEqual(sum.succeeded, all.length)
    assert.strictEqual(sum.exhausted, hours.length)
    if (hours.length > 0) assert.deepStrictEqual(sum.latencies, histogramOf(all))
  })

  it("are not told where nothing was answered", () => {
    const unanswered = { succeeded: 0, failed: 3, exhausted: 1, latencies: histogramOf([]) }
    assert.deepStrictEqual(figuresOf(unanswered), {
      attempts: 3,
      succeeded: 0,
      failed: 3,
      exhausted: 1,
      successRate: 0
    })
  })

  it("are not told where nothing was tried", () => {
    assert.deepStrictEqual(figuresOf(sumOf([])), { attempts: 0, succeeded: 0, failed: 0, exhausted: 0 })
  })
})

const hourMillis = 3_600_000

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("statistics", (it) => {
  it.effect("take no time for an answer's where none came, and the answer's last byte for the end", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { client } = yield* (yield* TestService).tenant("Acme")
      let answers = false
      const target = yield* receiverWith((response) => {
        if (answers) setTimeout(() => response.writeHead(204).end(), 30)
        else response.destroy()
      })
      const { id } = yield* client.webhooks.createOutboundWebhook({
        payload: {
          url: target.url,
          eventTypes: ["invoice.*"],
          retry: { type: "list", delaysSeconds: [3600] }
        }
      })
      const read = client.webhooks.getOutboundWebhookStatistics({ params: { id } })
      yield* client.events.publishEvent({ payload: { type: "invoice.paid", data: {} } })
      const failed = yield* eventually(read, ({ attempts }) => attempts === 1)
      assert.deepInclude({ ...failed }, { failed: 1, succeeded: 0, successRate: 0 })
      assert.notProperty(failed, "latency")
      answers = true
      yield* sql`UPDATE undelivered SET due_at = now() WHERE webhook_id = ${id}`
      const { latency } = yield* eventually(read, ({ attempts }) => attempts === 2)
      assert.isAbove(latency?.p50 ?? 0, 20)

      const [delivery] = (yield* client.webhooks.listDeliveries({ query: { webhookId: id } })).items
      assert.isDefined(delivery)
      assert.strictEqual(delivery.state, "succeeded")
      const params = { id: delivery.id }
      const last = (yield* client.webhooks.getDelivery({ params })).attemptLog.at(-1) ?? assert.fail()
      assert.isAtLeast(last.durationMs, 20)
      assert.deepStrictEqual(delivery.completedAt, DateTime.add(last.at, { milliseconds: last.durationMs }))
    })
  )

  it.effect("count attempts by the hour, and what waits now", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { client, tenant } = yield* (yield* TestService).tenant("Acme")
      const receiving = { code: 204 }
      const target = yield* receiverWith((response) => void response.writeHead(receiving.code).end())
      const { id } = yield* client.webhooks.createOutboundWebhook({
        payload: {
          url: target.url,
          eventTypes: ["invoice.*"],
          retry: { type: "list", delaysSeconds: [3600] }
        }
      })
      const params = { id }
      const read = (query: { readonly since?: DateTime.Utc; readonly until?: DateTime.Utc } = {}) =>
        client.webhooks.getOutboundWebhookStatistics({ params, query })
      const fresh = yield* read()
      assert.deepInclude({ ...fresh }, { attempts: 0, waiting: 0, undelivered: 0, hours: [] })
      for (const absent of ["latency", "successRate", "oldestWaiting"]) assert.notProperty(fresh, absent)

      const publish = client.events.publishEvent({ payload: { type: "invoice.paid", data: {} } })
      yield* publish
      yield* publish
      yield* eventually(read(), ({ attempts }) => attempts === 2)
      receiving.code = 500
      yield* publish
      yield* publish
      const counted = yield* eventually(read(), ({ attempts }) => attempts === 4)
      assert.deepInclude(
        { ...counted },
        { succeeded: 2, failed: 2, exhausted: 0, successRate: 0.5, waiting: 2, undelivered: 0 }
      )
      const { items } = yield* client.webhooks.listDeliveries({ query: { state: "failed" } })
      assert.deepStrictEqual(counted.oldestWaiting, items.at(-1)?.createdAt)
      assert.isAtLeast(counted.latency?.p99 ?? -1, counted.latency?.p50 ?? 0)
      yield* client.webhooks.cancelDelivery({ params: { id: items[0]?.id ?? assert.fail() } })
      yield* client.webhooks.pauseOutboundWebhook({ params })
      yield* publish
      const after = yield* read()
      assert.deepInclude({ ...after }, { attempts: 4, waiting: 1, undelivered: 2 })

      // An hour of last month, and one before the longest span.
      const now = (yield* DateTime.now).epochMilliseconds
      const hourAt = (hoursAgo: number) => new Date(Math.floor(now / hourMillis - hoursAgo) * hourMillis)
      for (const [hoursAgo, succeeded] of [
        [30 * 24, 7],
        [40 * 24, 100]
      ] as const) {
        yield* sql`
          INSERT INTO delivery_statistics (webhook_id, tenant_id, hour, succeeded, failed, exhausted, latencies)
          VALUES (${id}, ${tenant.id}, ${hourAt(hoursAgo)}, ${succeeded}, 0, 0, ${histogramOf([40]).map((count) => count * succeeded)})`
      }
      assert.lengthOf((yield* read()).hours, after.hours.length)
      const since = DateTime.makeUnsafe(now - 30 * 24 * hourMillis)
      const month = yield* read({ since })
      assert.strictEqual(month.attempts, 11)
      assert.deepInclude(month.hours[0], {
        attempts: 7,
        successRate: 1,
        latency: { p50: 40, p95: 49, p99: 50 }
      })
      const then = yield* read({ since, until: since })
      assert.strictEqual(then.attempts, 7)
      assert.strictEqual(then.until.epochMilliseconds - then.since.epochMilliseconds, hourMillis)
      const early = DateTime.makeUnsafe(now - 32 * 24 * hourMillis)
      yield* assertRefused(read({ since: early }), "Unprocessable")
      yield* assertRefused(read({ since, until: early }), "Unprocessable")
      yield* assertRefused(read({ since: DateTime.makeUnsafe(-1e15) }), "Unprocessable")

      yield* client.webhooks.removeOutboundWebhook({ params })
      yield* assertRefused(read(), "NotFound")
      assert.deepStrictEqual(yield* sql`SELECT 1 FROM delivery_statistics WHERE webhook_id = ${id}`, [])
    })
  )
})
