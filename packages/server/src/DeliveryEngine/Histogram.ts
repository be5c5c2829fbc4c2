import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import type { TenantId } from "@do-integrations/domain/Tenant"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as Column from "../Sql/Column.ts"

/** Upper bounds of the histogram's buckets, in milliseconds; one more bucket takes what is slower. */
export const bounds = [
  1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 7000,
  10_000, 15_000, 20_000, 30_000
]

/** The bucket that a duration falls into. */
export const bucketOf = (durationMs: number): number => {
  const bucket = bounds.findIndex((bound) => durationMs <= bound)
  return bucket === -1 ? bounds.length : bucket
}

/** One attempt, as statistics count it. */
export interface Sample {
  readonly webhookId: OutboundWebhookId
  readonly tenantId: TenantId
  readonly at: Date
  readonly durationMs: number
  readonly succeeded: boolean
  /** A whole answer came: only then does its duration say how fast the receiver is. */
  readonly answered: boolean
  /** It was the delivery's last. */
  readonly exhausted: boolean
}

interface Hour {
  readonly webhookId: string
  readonly tenantId: string
  readonly hour: Date
  succeeded: number
  failed: number
  exhausted: number
  readonly latencies: Array<number>
}

const hourMillis = 3_600_000

const byHour = (samples: ReadonlyArray<Sample>) => {
  const hours = new Map<string, Hour>()
  for (const { answered, at, durationMs, exhausted, succeeded, tenantId, webhookId } of samples) {
    const start = Math.floor(at.getTime() / hourMillis) * hourMillis
    const key = `${webhookId} ${start}`
    const hour = hours.get(key) ?? {
      webhookId,
      tenantId,
      hour: new Date(start),
      succeeded: 0,
      failed: 0,
      exhausted: 0,
      latencies: Array.from({ length: bounds.length + 1 }, () => 0)
    }
    hours.set(key, hour)
    if (succeeded) hour.succeeded += 1
    else hour.failed += 1
    if (exhausted) hour.exhausted += 1
    if (!answered) continue
    const bucket = bucketOf(durationMs)
    hour.latencies[bucket] = (hour.latencies[bucket] ?? 0) + 1
  }
  // In one order for everybody: two transactions that meet over the same rows then wait, and never embrace.
  return [...hours.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, hour]) => hour)
}

/** Adds attempts to the statistics of their endpoints and hours, in the caller's transaction. */
export const record = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return Effect.fnUntraced(function* (samples: ReadonlyArray<Sample>) {
    const hours = byHour(samples)
    if (hours.length === 0) return
    yield* sql`
      INSERT INTO delivery_statistics (webhook_id, tenant_id, hour, succeeded, failed, exhausted, latencies)
      SELECT webhook_id, tenant_id, hour, succeeded, failed, exhausted, string_to_array(latencies, ',')::int[]
      FROM unnest(
        ${Column.text(hours.map((one) => one.webhookId))}, ${Column.text(hours.map((one) => one.tenantId))},
        ${Column.timestamptz(hours.map((one) => one.hour))}, ${Column.int(hours.map((one) => one.succeeded))},
        ${Column.int(hours.map((one) => one.failed))}, ${Column.int(hours.map((one) => one.exhausted))},
        ${Column.text(hours.map((one) => one.latencies.join(",")))}
      ) AS row(webhook_id, tenant_id, hour, succeeded, failed, exhausted, latencies)
      ON CONFLICT (webhook_id, hour) DO UPDATE SET
        succeeded = delivery_statistics.succeeded + excluded.succeeded,
        failed = delivery_statistics.failed + excluded.failed,
        exhausted = delivery_statistics.exhausted + excluded.exhausted,
        latencies = ARRAY(
          SELECT before + more FROM unnest(delivery_statistics.latencies, excluded.latencies) AS pair(before, more))`
  })
})
