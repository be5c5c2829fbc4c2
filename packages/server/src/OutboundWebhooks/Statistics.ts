import type { Identity } from "@do-integrations/domain/ApiKey"
import { Unprocessable } from "@do-integrations/domain/Problem"
import { Timestamp } from "@do-integrations/domain/Time"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { WebhookStatistics } from "@do-integrations/domain/Webhook/Statistics"
import { DateTime, Duration, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { rowsOf } from "../Sql/Rows.ts"
import { figuresOf, sumOf } from "./Figures.ts"
import { makeStore } from "./Store.ts"

/** The longest span that is answered for, in hours. */
const maxHours = 31 * 24

/** Hours before the last one that are answered for unless said otherwise. */
const defaultHours = 24

const Hour = Schema.Struct({
  hour: Timestamp,
  succeeded: Schema.Int,
  failed: Schema.Int,
  exhausted: Schema.Int,
  latencies: Schema.Array(Schema.Int)
})

const Waiting = Schema.Struct({
  waiting: Schema.Int,
  oldestWaiting: Schema.optionalKey(Timestamp),
  undelivered: Schema.Int
})

/** What is asked for: the first hour and the last. */
export interface Span {
  readonly since?: DateTime.Utc
  readonly until?: DateTime.Utc
}

const outside = (message: string) => new Unprocessable({ errors: [{ path: ["query", "since"], message }] })

/** What endpoints did hour by hour, and what waits for them. */
export const makeStatistics = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const store = yield* makeStore
  const hourRows = rowsOf(Hour)
  const waitingRows = rowsOf(Waiting)

  const now = (id: OutboundWebhookId) =>
    sql`
      SELECT waiting.count AS waiting, ended.count AS undelivered,
        (SELECT created_at FROM deliveries WHERE id = waiting.oldest LIMIT 1) AS oldest_waiting
      FROM
        (SELECT count(*) AS count, min(delivery_id) AS oldest FROM undelivered
          WHERE webhook_id = ${id} AND due_at < 'infinity') AS waiting,
        (SELECT count(*) AS count FROM undelivered
          WHERE webhook_id = ${id} AND completed_at IS NOT NULL) AS ended`.pipe(Effect.flatMap(waitingRows))

  return Effect.fn("OutboundWebhooks.statistics")(function* (
    caller: Identity,
    id: OutboundWebhookId,
    span: Span
  ) {
    yield* store.get(caller, id)
    const last = DateTime.startOf(span.until ?? (yield* DateTime.now), "hour")
    const first = DateTime.startOf(span.since ?? DateTime.subtract(last, { hours: defaultHours }), "hour")
    const hours = Duration.toHours(DateTime.distance(first, last))
    if (hours < 0) return yield* outside("Expected a time that is not after the last hour")
    if (hours > maxHours) return yield* outside("Expected at most 31 days before the last hour")
    const found = yield* sql`
      SELECT hour, succeeded, failed, exhausted, latencies FROM delivery_statistics
      WHERE webhook_id = ${id} AND hour >= ${DateTime.toDateUtc(first)} AND hour <= ${DateTime.toDateUtc(last)}
      ORDER BY hour`.pipe(Effect.flatMap(hourRows), Effect.orDie)
    const [standing] = yield* Effect.orDie(now(id))
    return new WebhookStatistics({
      since: first,
      until: DateTime.add(last, { hours: 1 }),
      ...figuresOf(sumOf(found)),
      ...(standing ?? { waiting: 0, undelivered: 0 }),
      hours: found.map(({ hour, ...counts }) => ({ hour, ...figuresOf(counts) }))
    })
  })
})
