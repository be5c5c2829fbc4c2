import { TenantId } from "@do-integrations/domain/Tenant"
import { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { DateTime, Effect, Schema } from "effect"
import { SqlClient, type SqlError, type Statement } from "effect/sql"
import { Wakeups } from "../DeliveryEngine/Wakeups.ts"
import type { Batch, JobHandler, Progress } from "../Jobs/JobHandlers.ts"
import * as Column from "../Sql/Column.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { BulkMoveText } from "./BulkMove.ts"
import { makeReceiving } from "./Receiving.ts"

/** Deliveries that one transaction of a job moves. */
const batchSize = 1000

const Moved = Schema.Struct({ moved: Schema.Int, last: Schema.optionalKey(Schema.String) })

const Move = Schema.Struct({
  tenantId: TenantId,
  subject: OutboundWebhookId,
  parameters: BulkMoveText,
  /** The last delivery that was moved. */
  position: Schema.String
})
type Move = typeof Move.Type
const decodeMove = Schema.decodeUnknownEffect(Move)

/** Moves the next deliveries of a job, in the caller's transaction. */
export const makeBulkMove: Effect.Effect<JobHandler, never, SqlClient.SqlClient | Wakeups> = Effect.gen(
  function* () {
    const sql = yield* SqlClient.SqlClient
    const wakeups = yield* Wakeups
    const moved = rowsOf(Moved)
    const receiving = yield* makeReceiving

    // The array makes the planner look each one up by its key, however many there are.
    const move = (
      { parameters: { from, to }, position, subject, tenantId }: Move,
      which: Statement.Fragment,
      changes: Statement.Fragment
    ) =>
      sql`
      WITH batch AS MATERIALIZED (
        SELECT delivery_id FROM undelivered
        WHERE tenant_id = ${tenantId} AND webhook_id = ${subject} AND ${which}
          AND delivery_id > ${position} AND delivery_id >= ${from} AND delivery_id < ${to}
        ORDER BY delivery_id LIMIT ${batchSize} FOR UPDATE),
      changed AS (
        UPDATE undelivered SET ${changes}
        WHERE tenant_id = ${tenantId} AND delivery_id = ANY(ARRAY(SELECT delivery_id FROM batch)))
      SELECT count(*) AS moved, max(delivery_id) AS last FROM batch`.pipe(Effect.flatMap(moved))

    const next = Effect.fnUntraced(function* (job: Move, ordered: boolean) {
      const task = job.parameters
      const now = yield* DateTime.nowAsDate
      return yield* task.type === "recover_deliveries"
        ? move(job, sql`state = ANY(${Column.text(task.states)})`, newRound(sql, now, ordered))
        : move(job, sql`due_at IS NOT NULL`, cancelled(sql, now))
    })

    return Effect.fnUntraced(function* (
      progress: Progress
    ): Effect.fn.Return<Batch, SqlError.SqlError | Schema.SchemaError> {
      const job = yield* decodeMove(progress)
      const { parameters, subject } = job
      const webhook = yield* receiving(subject)
      if (webhook === undefined) return { moved: 0, state: "failed", error: "The webhook was removed" }
      if (parameters.type === "recover_deliveries" && !webhook.active) {
        return { moved: 0, state: "failed", error: "The webhook was paused or disabled" }
      }
      const [batch = { moved: 0 }] = yield* next(job, webhook.ordered)
      if (batch.moved > 0) yield* sql.afterCommit(wakeups.offer([subject]))
      return { ...batch, state: batch.moved < batchSize ? "completed" : "running" }
    }, Effect.orDie)
  }
)

/** The assignments that have a delivery tried again from now on, with its retries from the start. */
export const newRound = (sql: SqlClient.SqlClient, now: Date, ordered: boolean) => sql`
  state = 'pending', earlier_attempts = undelivered.attempts, round_at = ${now}, due_at = ${now},
  completed_at = NULL, ordering_key = CASE WHEN ${ordered} THEN coalesce(undelivered.ordering_key, '')
    ELSE undelivered.ordering_key END`

/** The assignments that end a delivery. */
export const cancelled = (sql: SqlClient.SqlClient, now: Date) => sql`
  state = 'cancelled', due_at = NULL, completed_at = ${now}`
