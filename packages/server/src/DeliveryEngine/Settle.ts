import type { DeliveryId, DeliveryState } from "@do-integrations/domain/Webhook/Delivery"
import { Context, Effect, type Exit, Layer, Result } from "effect"
import { SqlClient } from "effect/sql"
import { EventLog } from "../EventLog.ts"
import { newAttemptId } from "../Ids.ts"
import * as Column from "../Sql/Column.ts"
import * as GroupCommit from "../Sql/GroupCommit.ts"
import type { ClaimedDelivery } from "./Claims.ts"
import type { Outcome } from "./Deliver.ts"
import type { Endpoint } from "./Endpoint.ts"
import { record, type Sample } from "./Histogram.ts"

/** Outcomes that one transaction takes. */
const maxBatch = 1000

/** What one attempt came to for one delivery. */
export interface Settlement {
  readonly endpoint: Endpoint
  readonly delivery: ClaimedDelivery
  readonly outcome: Outcome
  readonly state: "succeeded" | "failed" | "exhausted"
  /** When it is tried again; `infinity` where it holds up its order until somebody acts. */
  readonly dueAt: Date | "infinity" | null
}

/**
 * Writes what came of attempts: the attempt, where the delivery stands now, and `webhook:sent` at its end,
 * in one commit that is shared with whatever else ends at that moment.
 */
export class Settle extends Context.Service<
  Settle,
  {
    /** Returns as soon as it is queued; `settled` is called after the commit, or with why there was none. */
    settle(settlement: Settlement, settled: (exit: Exit.Exit<void>) => void): Effect.Effect<void>
  }
>()("@do-integrations/server/DeliveryEngine/Settle") {
  static readonly layer = Layer.effect(
    Settle,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const events = yield* EventLog
      const recordStatistics = yield* record

      // Somebody has ended it meanwhile, or has it delivered again: that stands.
      const decided = sql.literal(
        "undelivered.due_at IS NULL OR undelivered.earlier_attempts <> outcome.earlier_attempts"
      )

      // The number of attempts decides: should two owners overlap while a shard moves, one of them is late.
      const write = (rows: ReadonlyArray<Settlement>, attemptIds: ReadonlyArray<string>) =>
        sql<{ readonly id: DeliveryId; readonly state: DeliveryState }>`
        WITH outcome AS MATERIALIZED (
          SELECT * FROM unnest(
            ${Column.text(rows.map((row) => row.endpoint.tenantId))}, ${Column.text(rows.map((row) => row.delivery.id))},
            ${Column.int(rows.map((row) => row.delivery.attempts))},
            ${Column.int(rows.map((row) => row.delivery.earlierAttempts))}, ${Column.text(rows.map((row) => row.state))},
            ${Column.text(rows.map((row) => (row.dueAt instanceof Date ? row.dueAt.toISOString() : row.dueAt)))},
            ${Column.text(attemptIds)}, ${Column.timestamptz(rows.map((row) => row.outcome.at))},
            ${Column.int(rows.map((row) => row.outcome.durationMs))}, ${Column.int(rows.map((row) => row.outcome.status ?? null))},
            ${Column.text(rows.map((row) => row.outcome.error ?? null))},
            ${Column.text(rows.map((row) => row.outcome.requestHeaders))},
            ${Column.text(rows.map((row) => row.outcome.responseHeaders ?? null))},
            ${Column.text(rows.map((row) => row.outcome.responseBody ?? null))}
          ) AS row(tenant_id, delivery_id, attempts, earlier_attempts, state, due_at, id, at, duration_ms, status, error,
            request_headers, response_headers, response_body)),
        delivered AS (
          DELETE FROM undelivered USING outcome
          WHERE outcome.state = 'succeeded' AND undelivered.tenant_id = outcome.tenant_id
            AND undelivered.delivery_id = outcome.delivery_id AND undelivered.attempts = outcome.attempts
          RETURNING undelivered.delivery_id, outcome.state),
        failed AS (
          UPDATE undelivered SET attempts = outcome.attempts + 1,
            state = CASE WHEN ${decided} THEN undelivered.state ELSE outcome.state END,
            due_at = CASE WHEN ${decided} THEN undelivered.due_at ELSE outcome.due_at::timestamptz END,
            completed_at = CASE WHEN ${decided} THEN undelivered.completed_at
              WHEN outcome.state = 'exhausted' THEN outcome.at + outcome.duration_ms * interval '1 millisecond' END
          FROM outcome
          WHERE outcome.state <> 'succeeded' AND undelivered.tenant_id = outcome.tenant_id
            AND undelivered.delivery_id = outcome.delivery_id AND undelivered.attempts = outcome.attempts
          RETURNING undelivered.delivery_id, undelivered.state),
        settled AS (SELECT * FROM delivered UNION ALL SELECT * FROM failed),
        attempt AS (
        INSERT INTO attempts (id, tenant_id, delivery_id, number, at, duration_ms, status, error, request_headers,
          response_headers, response_body)
        SELECT outcome.id, outcome.tenant_id, outcome.delivery_id, outcome.attempts + 1, outcome.at,
          outcome.duration_ms, outcome.status, outcome.error, outcome.request_headers, outcome.response_headers,
          outcome.response_body
        FROM outcome JOIN settled USING (delivery_id))
        SELECT delivery_id AS id, state FROM settled`

      const commit = Effect.fnUntraced(function* (rows: ReadonlyArray<Settlement>) {
        const written = yield* write(rows, yield* Effect.replicateEffect(newAttemptId, rows.length))
        const states = new Map(written.map(({ id, state }) => [id, state]))
        const settled = rows.filter(({ delivery }) => states.has(delivery.id))
        // A delivery of a `webhook:*` event tells nothing of its own end: that would be an event without end.
        const ended = settled.filter(
          ({ delivery, state }) =>
            state !== "failed" &&
            state === states.get(delivery.id) &&
            !delivery.eventType.startsWith("webhook:")
        )
        yield* events.record(
          ...ended.map(({ endpoint: { customerId, id, tenantId }, state }) => ({
            type: "webhook:sent" as const,
            data: { webhookId: id, success: state === "succeeded" },
            tenantId,
            customerId,
            subject: id
          }))
        )
        yield* recordStatistics(settled.map(sampleOf))
        return rows.map(() => Result.void)
      })

      const commits = yield* GroupCommit.make({
        name: "DeliveryEngine.settle",
        maxBatch,
        weigh: ({ outcome: { requestHeaders, responseBody, responseHeaders } }) =>
          requestHeaders.length + (responseBody?.length ?? 0) + (responseHeaders?.length ?? 0),
        commit
      })

      return Settle.of({ settle: commits.push })
    })
  )
}

const sampleOf = ({ endpoint, outcome, state }: Settlement): Sample => ({
  webhookId: endpoint.id,
  tenantId: endpoint.tenantId,
  at: outcome.at,
  durationMs: outcome.durationMs,
  succeeded: state === "succeeded",
  answered: outcome.status !== undefined,
  exhausted: state === "exhausted"
})
