import type { Identity } from "@do-integrations/domain/ApiKey"
import type { PageQuery } from "@do-integrations/domain/Page"
import { NotFound } from "@do-integrations/domain/Problem"
import {
  Attempt,
  Delivery,
  DeliveryDetail,
  type DeliveryId,
  type DeliveryState,
  type OutboundWebhookId
} from "@do-integrations/domain/Webhook/Outbound"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { afterCursor, fetchLimit, toPage } from "../Sql/Paging.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { visibleTo } from "../Sql/Visible.ts"

/** Which deliveries are asked for. */
export interface DeliveryFilter {
  readonly webhookId?: OutboundWebhookId
  readonly state?: DeliveryState
}

/** What became of deliveries, for people to look at. */
export const makeDeliveries = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = rowsOf(Delivery)
  const attemptRows = rowsOf(Attempt)
  const columns = sql.literal(`id, webhook_id, event_id, event_type, state, attempts,
    due_at AS next_attempt_at, created_at, completed_at`)

  const list = Effect.fn("OutboundWebhooks.deliveries")(function* (
    caller: Identity,
    query: PageQuery & DeliveryFilter
  ) {
    const { state, webhookId } = query
    const found = yield* sql`
      SELECT ${columns} FROM deliveries WHERE ${visibleTo(sql, caller)}
        ${webhookId === undefined ? sql`` : sql`AND webhook_id = ${webhookId}`}
        ${state === undefined ? sql`` : sql`AND state = ${state}`}
        ${afterCursor(sql, query)}
      ORDER BY id DESC LIMIT ${fetchLimit(query)}`
    return toPage(query, yield* rows(found), (delivery) => delivery.id)
  }, Effect.orDie)

  const get = Effect.fn("OutboundWebhooks.delivery")(function* (caller: Identity, id: DeliveryId) {
    const [delivery] = yield* sql`
      SELECT ${columns} FROM deliveries WHERE id = ${id} AND ${visibleTo(sql, caller)}`.pipe(
      Effect.flatMap(rows),
      Effect.orDie
    )
    if (delivery === undefined) return yield* new NotFound()
    const attemptLog = yield* sql`
      SELECT id, number, at, duration_ms, status, error, response_body FROM attempts
      WHERE delivery_id = ${id} ORDER BY number`.pipe(Effect.flatMap(attemptRows), Effect.orDie)
    return new DeliveryDetail({ ...delivery, attemptLog })
  })

  /** Ends, in the caller's transaction, what is still on its way to an endpoint that goes. */
  const skipAll = (id: OutboundWebhookId) =>
    sql`
      UPDATE deliveries SET state = 'skipped', due_at = NULL, completed_at = now()
      WHERE webhook_id = ${id} AND due_at IS NOT NULL`.pipe(Effect.asVoid, Effect.orDie)

  return { list, get, skipAll }
})
