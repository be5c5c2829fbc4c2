import type { Identity } from "@do-integrations/domain/ApiKey"
import { NotFound } from "@do-integrations/domain/Problem"
import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import {
  type RejectionReason,
  Rejections as Rejected
} from "@do-integrations/domain/Webhook/Inbound/Rejection"
import { Clock, Context, DateTime, Duration, Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import * as Column from "../Sql/Column.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { visibleTo } from "../Sql/Visible.ts"

/** How often counts are written. */
export const writeSchedule = Schedule.spaced("1 second")

/** How far back is answered for. */
const span = Duration.days(30)

const hourMillis = Duration.toMillis(Duration.hours(1))

interface Count {
  readonly webhookId: InboundWebhookId
  readonly reason: RejectionReason
  /** Unix milliseconds of the hour's beginning. */
  readonly hour: number
  count: number
  /** Unix milliseconds. */
  lastAt: number
}

/**
 * How many requests were refused, for each webhook, hour and reason. They are counted in memory and written together
 * about once a second, and when the service stops: a flood costs no write for each request, and a crash may lose a
 * second of counts. Each node adds its own.
 */
export class Rejections extends Context.Service<
  Rejections,
  {
    /** Counts a refusal that was made just now. */
    count(webhookId: InboundWebhookId, reason: RejectionReason): void
    /** The last 30 days, newest hour first; `NotFound` unless the caller may see the webhook. */
    list(caller: Identity, id: InboundWebhookId): Effect.Effect<ReadonlyArray<Rejected>, NotFound>
  }
>()("@do-integrations/server/InboundWebhooks/Rejections") {
  static readonly layer = Layer.effect(
    Rejections,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const clock = yield* Clock.Clock
      const rows = rowsOf(Rejected)
      let counts = new Map<string, Count>()

      const add = (fresh: Count) => {
        const key = `${fresh.webhookId} ${fresh.hour} ${fresh.reason}`
        const known = counts.get(key)
        if (known === undefined) {
          counts.set(key, fresh)
          return
        }
        known.count += fresh.count
        known.lastAt = Math.max(known.lastAt, fresh.lastAt)
      }

      const count = (webhookId: InboundWebhookId, reason: RejectionReason) => {
        const lastAt = clock.currentTimeMillisUnsafe()
        add({ webhookId, reason, hour: lastAt - (lastAt % hourMillis), count: 1, lastAt })
      }

      // Locked, so that a webhook which is removed meanwhile is left out; in one order, so that nodes do not deadlock.
      const write = (all: ReadonlyArray<Count>) => sql`
        INSERT INTO inbound_rejections (webhook_id, hour, reason, count, last_at)
        SELECT counted.* FROM unnest(
          ${Column.text(all.map(({ webhookId }) => webhookId))},
          ${Column.timestamptz(all.map(({ hour }) => DateTime.toDateUtc(DateTime.makeUnsafe(hour))))},
          ${Column.text(all.map(({ reason }) => reason))}, ${Column.int(all.map((one) => one.count))},
          ${Column.timestamptz(all.map(({ lastAt }) => DateTime.toDateUtc(DateTime.makeUnsafe(lastAt))))}
        ) AS counted(webhook_id, hour, reason, count, last_at)
        JOIN inbound_webhooks AS webhook ON webhook.id = counted.webhook_id
        ORDER BY counted.webhook_id, counted.hour, counted.reason
        FOR KEY SHARE OF webhook
        ON CONFLICT (webhook_id, hour, reason) DO UPDATE SET
          count = inbound_rejections.count + excluded.count,
          last_at = greatest(inbound_rejections.last_at, excluded.last_at)`

      const flush = Effect.suspend(() => {
        if (counts.size === 0) return Effect.void
        const taken = [...counts.values()]
        counts = new Map()
        return Effect.catchCause(write(taken), (cause) => {
          for (const one of taken) add(one)
          return Effect.logWarning("Refusals could not be written; it is tried again in a second", cause)
        })
      }).pipe(Effect.uninterruptible)

      const list = Effect.fn("Rejections.list")(function* (caller: Identity, id: InboundWebhookId) {
        const webhooks = yield* sql`
          SELECT FROM inbound_webhooks WHERE id = ${id} AND ${visibleTo(sql, caller)}`.pipe(Effect.orDie)
        if (webhooks.length === 0) return yield* new NotFound()
        const since = DateTime.subtractDuration(yield* DateTime.now, span)
        return yield* sql`
          SELECT hour, reason, count, last_at FROM inbound_rejections
          WHERE webhook_id = ${id} AND hour >= ${DateTime.toDateUtc(since)}
          ORDER BY hour DESC, reason`.pipe(Effect.flatMap(rows), Effect.orDie)
      })

      yield* Effect.addFinalizer(() => flush)
      yield* flush.pipe(Effect.repeat(writeSchedule), Effect.forkScoped)

      return Rejections.of({ count, list })
    })
  )
}
