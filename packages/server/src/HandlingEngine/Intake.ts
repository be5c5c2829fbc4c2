import type { TenantId } from "@do-integrations/domain/Tenant"
import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { DateTime, Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as Column from "../Sql/Column.ts"
import type { HandlingKey } from "./Handling.ts"
import { HandlingWakeups } from "./Wakeups.ts"

/** A message on a route that has taken it. */
export interface NewHandling extends HandlingKey {
  readonly webhookId: InboundWebhookId
  readonly tenantId: TenantId | undefined
  /** What it is ordered by; null where the webhook has no order. */
  readonly orderingKey: string | null
}

/** Gives new messages to the owners of their webhooks, in the transaction that writes them. */
export const makeIntake = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const wakeups = yield* HandlingWakeups

  // As whoever gives deliveries their order does: what commits later is not numbered earlier.
  const lockOrders = (handlings: ReadonlyArray<NewHandling>) => {
    const ordered = new Set(handlings.flatMap((one) => (one.orderingKey === null ? [] : [one.webhookId])))
    return ordered.size === 0
      ? Effect.void
      : sql`
          SELECT pg_advisory_xact_lock(hashtextextended(id, 0))
          FROM unnest(${Column.text([...ordered].toSorted())}) AS webhook(id)`
  }

  return Effect.fnUntraced(function* (handlings: ReadonlyArray<NewHandling>) {
    if (handlings.length === 0) return
    yield* lockOrders(handlings)
    const now = yield* DateTime.nowAsDate
    yield* sql`
      INSERT INTO unhandled (webhook_id, message_id, route, tenant_id, ordering_key, state, round_at, due_at)
      SELECT webhook_id, message_id, route, tenant_id, ordering_key, 'pending', ${now}, ${now} FROM unnest(
        ${Column.text(handlings.map((one) => one.webhookId))}, ${Column.text(handlings.map((one) => one.messageId))},
        ${Column.text(handlings.map((one) => one.route))}, ${Column.text(handlings.map((one) => one.tenantId ?? null))},
        ${Column.text(handlings.map((one) => one.orderingKey))}
      ) WITH ORDINALITY AS row(webhook_id, message_id, route, tenant_id, ordering_key, place)
      ORDER BY place`
    yield* sql.afterCommit(wakeups.offer(new Set(handlings.map((one) => one.webhookId))))
  })
})
