import type { HandlingState } from "@do-integrations/domain/Webhook/Inbound/Message"
import { Context, Effect, Layer, Result } from "effect"
import { SqlClient } from "effect/sql"
import { EventLog } from "../EventLog.ts"
import * as Column from "../Sql/Column.ts"
import * as GroupCommit from "../Sql/GroupCommit.ts"
import type { Handling, Outcome } from "./Handling.ts"
import type { HandledWebhook } from "./Webhook.ts"

/** Outcomes that one transaction takes. */
const maxBatch = 500

/** What one attempt came to for one message on one route. */
export interface Settlement {
  readonly webhook: HandledWebhook
  readonly handling: Handling
  readonly outcome: Outcome
  readonly state: Extract<HandlingState, "handled" | "failed" | "dead">
  /** When it is tried again; `infinity` where it holds up its order until somebody acts. */
  readonly dueAt: Date | "infinity" | null
}

/**
 * Writes what came of attempts: the attempt, where the message stands now, and `delivery.dead` where it is dead, in
 * one commit that is shared with whatever else ends at that moment.
 */
export class Settle extends Context.Service<
  Settle,
  {
    /** Answers after the commit. */
    settle(settlement: Settlement): Effect.Effect<void>
    /** The same in the caller's transaction. False: somebody else has settled it, and nothing was written. */
    within(settlement: Settlement): Effect.Effect<boolean>
  }
>()("@do-integrations/server/HandlingEngine/Settle") {
  static readonly layer = Layer.effect(
    Settle,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const events = yield* EventLog

      // To the millisecond: whoever begins a round writes the time of this process, not the database's.
      const sameRound = sql.literal("unhandled.round_at = outcome.round_at")
      // Somebody has ended it meanwhile, or has it handled again: that stands.
      const decided = sql.literal("unhandled.due_at IS NULL OR unhandled.round_at <> outcome.round_at")

      // The webhook may have been changed while the attempt was under way.
      const blocks = sql.literal(`EXISTS (
        SELECT FROM inbound_webhooks
        WHERE id = unhandled.webhook_id AND ordering::json ->> 'whenExhausted' = 'block')`)

      // The number of attempts decides: should two owners overlap while a shard moves, one of them is late.
      const write = (rows: ReadonlyArray<Settlement>) => sql<{
        readonly place: number
        readonly state: HandlingState
      }>`
        WITH outcome AS MATERIALIZED (
          SELECT * FROM unnest(
            ${Column.text(rows.map((row) => row.handling.messageId))}, ${Column.text(rows.map((row) => row.handling.route))},
            ${Column.text(rows.map((row) => row.handling.tenantId))},
            ${Column.int(rows.map((row) => row.handling.attempts))},
            ${Column.timestamptz(rows.map((row) => row.handling.roundAt))}, ${Column.text(rows.map((row) => row.state))},
            ${Column.text(rows.map((row) => (row.dueAt instanceof Date ? row.dueAt.toISOString() : row.dueAt)))},
            ${Column.timestamptz(rows.map((row) => row.outcome.at))},
            ${Column.int(rows.map((row) => row.outcome.durationMs))}, ${Column.int(rows.map((row) => row.outcome.status ?? null))},
            ${Column.text(rows.map((row) => row.outcome.error ?? null))}
          ) WITH ORDINALITY AS row(message_id, route, tenant_id, attempts, round_at, state, due_at, at,
            duration_ms, status, error, place)),
        handled AS (
          DELETE FROM unhandled USING outcome
          WHERE outcome.state = 'handled' AND unhandled.message_id = outcome.message_id
            AND unhandled.route = outcome.route AND unhandled.attempts = outcome.attempts AND ${sameRound}
          RETURNING outcome.place, outcome.state),
        failed AS (
          UPDATE unhandled SET attempts = outcome.attempts + 1,
            earlier_attempts = unhandled.earlier_attempts + CASE WHEN ${sameRound} THEN 0 ELSE 1 END,
            error = CASE WHEN ${sameRound} THEN outcome.error ELSE unhandled.error END,
            state = CASE WHEN ${decided} THEN unhandled.state ELSE outcome.state END,
            due_at = CASE WHEN ${decided} THEN unhandled.due_at
              WHEN outcome.due_at = 'infinity' AND NOT ${blocks} THEN NULL ELSE outcome.due_at::timestamptz END,
            completed_at = CASE WHEN ${decided} THEN unhandled.completed_at
              WHEN outcome.state = 'dead' THEN outcome.at + outcome.duration_ms * interval '1 millisecond' END
          FROM outcome
          WHERE unhandled.message_id = outcome.message_id AND unhandled.route = outcome.route
            AND unhandled.attempts = outcome.attempts AND NOT (outcome.state = 'handled' AND ${sameRound})
          RETURNING outcome.place, unhandled.state),
        settled AS (SELECT * FROM handled UNION ALL SELECT * FROM failed),
        attempt AS (
          INSERT INTO handling_attempts (message_id, route, number, tenant_id, at, duration_ms, status, error)
          SELECT message_id, route, attempts + 1, tenant_id, at, duration_ms, status, error
          FROM outcome JOIN settled USING (place))
        SELECT place::int AS place, state FROM settled`

      /** The settlements that were written, in the caller's transaction. */
      const settleAll = Effect.fnUntraced(function* (rows: ReadonlyArray<Settlement>) {
        const written = new Map((yield* write(rows)).map(({ place, state }) => [place - 1, state]))
        const dead = rows.filter(({ state }, place) => state === "dead" && written.get(place) === "dead")
        yield* events.record(
          ...dead.flatMap(({ handling: { messageId, route, tenantId }, outcome, webhook }) =>
            tenantId === null
              ? []
              : {
                  type: "delivery.dead" as const,
                  data: { webhookId: webhook.id, messageId, route, error: outcome.error ?? "" },
                  tenantId,
                  customerId: webhook.customerId,
                  subject: messageId
                }
          )
        )
        return written
      })

      const commits = yield* GroupCommit.make({
        name: "HandlingEngine.settle",
        maxBatch,
        commit: (rows: ReadonlyArray<Settlement>) =>
          Effect.as(
            settleAll(rows),
            rows.map(() => Result.void)
          )
      })

      return Settle.of({
        settle: commits.ask,
        within: (settlement) =>
          settleAll([settlement]).pipe(
            Effect.map((written) => written.get(0) === settlement.state),
            Effect.orDie
          )
      })
    })
  )
}
