import type { Identity } from "@do-integrations/domain/ApiKey"
import type { PageQuery } from "@do-integrations/domain/Page"
import type { DeliveryId, DeliveryState } from "@do-integrations/domain/Webhook/Delivery"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { type DateTime, Effect } from "effect"
import { SqlClient, type Statement } from "effect/sql"
import { afterCursor } from "../Sql/Paging.ts"
import { idAt } from "../Sql/Partitions.ts"
import { visibleTo } from "../Sql/Visible.ts"

/** Which deliveries are asked for. */
export interface DeliveryFilter {
  readonly webhookId?: OutboundWebhookId
  readonly state?: DeliveryState
  readonly undelivered?: boolean
  readonly eventType?: string
  readonly since?: DateTime.Utc
  readonly until?: DateTime.Utc
}

/**
 * Finds pages of deliveries. What is not delivered is found from its own small table, so that asking for it takes
 * no longer where millions were delivered; LATERAL and LIMIT keep the planner from reading the large ones whole.
 */
export const makeDeliveryPages = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  const when = (column: string, condition: string, value: string | undefined) =>
    value === undefined ? sql`` : sql`AND ${sql(column)} ${sql.literal(condition)} ${value}`

  /** Where in the order of the ids, which is that of time, the page lies. */
  const within = (query: PageQuery & DeliveryFilter, id: string) => sql`
    ${when(id, ">=", query.since && idAt("dlv", query.since.epochMilliseconds))}
    ${when(id, "<", query.until && idAt("dlv", query.until.epochMilliseconds))}
    ${afterCursor(sql, query, id)}`

  const waitingColumns = sql.literal(`waiting.state, waiting.attempts, waiting.due_at, waiting.completed_at,
    coalesce(waiting.ordering_key, delivery.ordering_key) AS ordering_key`)
  const deliveryColumns = sql.literal(
    "delivery.customer_id, delivery.event_type, delivery.created_at, delivery.webhook_id, delivery.event_id"
  )

  const fromUndelivered = (caller: Identity, query: PageQuery & DeliveryFilter, limit: number) => sql`
    SELECT waiting.delivery_id AS id, ${deliveryColumns}, ${waitingColumns}
    FROM (
      SELECT * FROM undelivered WHERE tenant_id = ${caller.tenantId}
        ${when("webhook_id", "=", query.webhookId)} ${when("state", "=", query.state)}
        ${sql.literal(isEnded(query) ? "AND completed_at IS NOT NULL" : "AND due_at IS NOT NULL")}
        ${within(query, "delivery_id")}) AS waiting
    CROSS JOIN LATERAL (
      SELECT * FROM deliveries
      WHERE id = waiting.delivery_id AND ${visibleTo(sql, caller)} ${when("event_type", "=", query.eventType)}
      LIMIT 1) AS delivery
    ORDER BY waiting.delivery_id DESC LIMIT ${limit}`

  const fromAll = (caller: Identity, which: Statement.Fragment, limit: number) => sql`
    SELECT delivery.id, ${deliveryColumns}, ${waitingColumns}
    FROM (
      SELECT * FROM deliveries WHERE ${visibleTo(sql, caller)} ${which} ORDER BY id DESC LIMIT ${limit}
    ) AS delivery
    LEFT JOIN LATERAL (
      SELECT * FROM undelivered WHERE tenant_id = delivery.tenant_id AND delivery_id = delivery.id LIMIT 1
    ) AS waiting ON true`

  // OFFSET keeps it from becoming a join, of which the planner expects next to nothing to be left.
  const delivered = sql`NOT EXISTS (
    SELECT FROM undelivered WHERE tenant_id = deliveries.tenant_id AND delivery_id = deliveries.id OFFSET 0)`

  /** One that is not in `undelivered` was delivered by its last attempt. */
  const shown = (page: Statement.Fragment) => sql`
    SELECT page.id, page.webhook_id, page.event_id, page.event_type, page.ordering_key, page.created_at,
      coalesce(page.state, 'succeeded') AS state, coalesce(page.attempts, last.number, 0) AS attempts,
      CASE WHEN page.due_at = 'infinity' THEN true END AS blocking,
      nullif(page.due_at, 'infinity') AS next_attempt_at,
      CASE WHEN page.state IS NULL THEN last.at + last.duration_ms * interval '1 millisecond'
        ELSE page.completed_at END AS completed_at
    FROM (${page}) AS page
    LEFT JOIN LATERAL (
      SELECT number, at, duration_ms FROM attempts WHERE delivery_id = page.id ORDER BY number DESC LIMIT 1
    ) AS last ON page.state IS NULL
    ORDER BY page.id DESC`

  /** Newest first. */
  const select = (caller: Identity, query: PageQuery & DeliveryFilter, limit: number) => {
    const { eventType, state, webhookId } = query
    if (query.undelivered === true || (state !== undefined && state !== "succeeded")) {
      return shown(fromUndelivered(caller, query, limit))
    }
    const which = sql`
      ${when("webhook_id", "=", webhookId)} ${when("event_type", "=", eventType)} ${within(query, "id")}`
    return shown(fromAll(caller, state === "succeeded" ? sql`${which} AND ${delivered}` : which, limit))
  }

  const one = (caller: Identity, id: DeliveryId) => shown(fromAll(caller, sql`AND id = ${id}`, 1))

  return { select, one }
})

/** Whether no delivery is as asked for: what ended without success cannot stand there. */
export const isContradictory = ({ state, undelivered }: DeliveryFilter) =>
  undelivered === true && (state === "succeeded" || (state !== undefined && waitingStates.has(state)))

const waitingStates: ReadonlySet<DeliveryState | undefined> = new Set(["pending", "in_flight", "failed"])

/** Whether those that are asked for have come to their end: an index holds only these. */
const isEnded = ({ state, undelivered }: DeliveryFilter) => undelivered === true || !waitingStates.has(state)
