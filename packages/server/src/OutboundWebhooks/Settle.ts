import { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import { Clock, Context, Duration, Effect, Layer, Option, Result, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { EventLog } from "../EventLog.ts"
import * as GroupCommit from "../Sql/GroupCommit.ts"
import { rowsOf } from "../Sql/Rows.ts"
import type { DueDelivery, Outcome } from "./Deliver.ts"
import { defaultRetries, delayAfter } from "./RetrySchedule.ts"
import * as Column from "../Sql/Column.ts"

/** Outcomes that one transaction takes. */
const maxBatch = 1000

const Settled = Schema.Struct({
  tenantId: TenantId,
  customerId: Schema.optionalKey(CustomerId),
  webhookId: OutboundWebhookId,
  eventType: Schema.String,
  state: Schema.Literals(["succeeded", "failed", "exhausted"])
})

interface Row {
  readonly delivery: DueDelivery
  readonly outcome: Outcome
  readonly state: (typeof Settled.Type)["state"]
  readonly dueAt: Date | null
}

/**
 * Writes what came of attempts: the attempt, where the delivery stands now, and `webhook:sent` at its end,
 * in one commit that is shared with whatever else ends at that moment.
 */
export class Settle extends Context.Service<
  Settle,
  { settle(delivery: DueDelivery, outcome: Outcome): Effect.Effect<void> }
>()("@do-integrations/server/OutboundWebhooks/Settle") {
  static readonly layer = Layer.effect(
    Settle,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const events = yield* EventLog
      const settledRows = rowsOf(Settled)

      const write = (rows: ReadonlyArray<Row>) =>
        sql`
        WITH outcome AS (
          SELECT * FROM unnest(
            ${Column.text(rows.map((row) => row.delivery.id))}, ${Column.int(rows.map((row) => row.delivery.attempts))},
            ${Column.text(rows.map((row) => row.state))}, ${Column.timestamptz(rows.map((row) => row.dueAt))},
            ${Column.text(rows.map((row) => row.outcome.id))}, ${Column.timestamptz(rows.map((row) => row.outcome.at))},
            ${Column.int(rows.map((row) => row.outcome.durationMs))}, ${Column.int(rows.map((row) => row.outcome.status ?? null))},
            ${Column.text(rows.map((row) => row.outcome.error ?? null))},
            ${Column.text(rows.map((row) => row.outcome.responseBody ?? null))}
          ) AS row(delivery_id, attempts, state, due_at, id, at, duration_ms, status, error, response_body)),
        settled AS (
          UPDATE deliveries SET state = outcome.state, attempts = outcome.attempts + 1, due_at = outcome.due_at,
            completed_at = CASE WHEN outcome.due_at IS NULL THEN outcome.at END
          FROM outcome
          WHERE deliveries.id = outcome.delivery_id AND deliveries.attempts = outcome.attempts
            AND deliveries.due_at IS NOT NULL
          RETURNING deliveries.id, deliveries.tenant_id, deliveries.customer_id, deliveries.webhook_id,
            deliveries.event_type, deliveries.state),
        attempt AS (
          INSERT INTO attempts (id, tenant_id, delivery_id, number, at, duration_ms, status, error, response_body)
          SELECT outcome.id, settled.tenant_id, settled.id, outcome.attempts + 1, outcome.at, outcome.duration_ms,
            outcome.status, outcome.error, outcome.response_body
          FROM outcome JOIN settled ON settled.id = outcome.delivery_id)
        SELECT tenant_id, customer_id, webhook_id, event_type, state FROM settled`.pipe(
          Effect.flatMap(settledRows)
        )

      // A delivery of a `webhook:*` event tells nothing of its own end: that would be an event without end.
      const commit = Effect.fnUntraced(function* (rows: ReadonlyArray<Row>) {
        const ended = (yield* write(rows)).filter(
          ({ eventType, state }) => state !== "failed" && !eventType.startsWith("webhook:")
        )
        yield* events.record(
          ...ended.map(({ customerId, state, tenantId, webhookId }) => ({
            type: "webhook:sent" as const,
            data: { webhookId, success: state === "succeeded" },
            tenantId,
            customerId,
            subject: webhookId
          }))
        )
        return rows.map(() => Result.void)
      })

      const commits = yield* GroupCommit.make({
        name: "OutboundWebhooks.settle",
        maxBatch,
        weigh: ({ outcome }) => outcome.responseBody?.length ?? 0,
        commit
      })

      const settle = Effect.fnUntraced(function* (delivery: DueDelivery, outcome: Outcome) {
        const now = yield* Clock.currentTimeMillis
        const delay = outcome.succeeded
          ? Option.none()
          : yield* delayAfter(defaultRetries, delivery.attempts + 1)
        const dueAt = Option.match(delay, {
          onNone: () => null,
          onSome: (after) => new Date(now + Duration.toMillis(after))
        })
        const state = outcome.succeeded ? "succeeded" : dueAt === null ? "exhausted" : "failed"
        yield* commits.ask({ delivery, outcome, state, dueAt })
      })

      return Settle.of({ settle })
    })
  )
}
