import type { Identity } from "@do-integrations/domain/ApiKey"
import type { PageQuery } from "@do-integrations/domain/Page"
import { NotFound, Unprocessable } from "@do-integrations/domain/Problem"
import { Attempt, Delivery, DeliveryDetail, type DeliveryId } from "@do-integrations/domain/Webhook/Delivery"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { DateTime, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { fetchLimit, toPage } from "../Sql/Paging.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { visibleTo } from "../Sql/Visible.ts"
import { type DeliveryFilter, isContradictory, makeDeliveryPages } from "./DeliveryPages.ts"

/** What became of deliveries, for people to look at. */
export const makeDeliveries = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const pages = yield* makeDeliveryPages
  const rows = rowsOf(Delivery)
  const attemptRows = rowsOf(Attempt)

  const list = Effect.fn("OutboundWebhooks.deliveries")(function* (
    caller: Identity,
    query: PageQuery & DeliveryFilter
  ) {
    if (isContradictory(query)) {
      const message = "Expected exhausted, skipped or cancelled, or no state, beside undelivered"
      return yield* new Unprocessable({ errors: [{ path: ["query", "state"], message }] })
    }
    const found = yield* pages
      .select(caller, query, fetchLimit(query))
      .pipe(Effect.flatMap(rows), Effect.orDie)
    return toPage(query, found, (delivery) => delivery.id)
  })

  const one = Effect.fn("OutboundWebhooks.delivery")(function* (caller: Identity, id: DeliveryId) {
    const [delivery] = yield* pages.one(caller, id).pipe(Effect.flatMap(rows), Effect.orDie)
    return delivery ?? (yield* new NotFound())
  })

  const detail = Effect.fn("OutboundWebhooks.deliveryDetail")(function* (caller: Identity, id: DeliveryId) {
    const delivery = yield* one(caller, id)
    const attemptLog = yield* sql`
      SELECT id, number, at, duration_ms, status, error, request_headers::json AS request_headers,
        response_headers::json AS response_headers, response_body FROM attempts
      WHERE delivery_id = ${id} AND ${visibleTo(sql, { ...caller, customerId: undefined })} ORDER BY number`.pipe(
      Effect.flatMap(attemptRows),
      Effect.orDie
    )
    return new DeliveryDetail({ ...delivery, attemptLog })
  })

  /** Ends, in the caller's transaction, what is still on its way to an endpoint that goes. */
  const skipAll = Effect.fnUntraced(function* (id: OutboundWebhookId) {
    yield* sql`
      UPDATE undelivered SET state = 'skipped', due_at = NULL, completed_at = ${yield* DateTime.nowAsDate}
      WHERE webhook_id = ${id} AND due_at IS NOT NULL`
  }, Effect.orDie)

  return { list, one, detail, skipAll }
})
