import type { Identity } from "@do-integrations/domain/ApiKey"
import { Conflict, Unprocessable } from "@do-integrations/domain/Problem"
import type { DeliveryId } from "@do-integrations/domain/Webhook/Delivery"
import { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { DateTime, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { AuditLog } from "../AuditLog.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { UnitOfWork } from "../UnitOfWork.ts"
import { cancelled, newRound } from "./BulkMoves.ts"
import { makeDeliveries } from "./Deliveries.ts"
import { makeReceiving, notActive } from "./Receiving.ts"
import { Wakeups } from "../DeliveryEngine/Wakeups.ts"

const Ended = Schema.Struct({ webhookId: OutboundWebhookId })

/** Has single deliveries made once more, or ends them. */
export const makeRedelivery = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const deliveries = yield* makeDeliveries
  const unit = yield* UnitOfWork
  const wakeups = yield* Wakeups
  const receiving = yield* makeReceiving
  const ends = rowsOf(Ended)

  const told = Effect.fnUntraced(function* (
    { keyId, tenantId }: Identity,
    action: string,
    target: DeliveryId,
    webhookId: OutboundWebhookId
  ) {
    yield* audit.record({ tenantId, actor: keyId, action, target, details: { webhookId } })
    yield* sql.afterCommit(wakeups.offer([webhookId]))
  })

  // Locked first: an attempt that is being settled just now ends before its number is read.
  const waits = (tenantId: string, id: DeliveryId) =>
    Effect.map(
      sql`SELECT 1 AS found FROM undelivered WHERE tenant_id = ${tenantId} AND delivery_id = ${id} FOR UPDATE`,
      (rows) => rows.length > 0
    )

  const again = Effect.fnUntraced(function* (tenantId: string, id: DeliveryId, ordered: boolean) {
    const now = yield* DateTime.nowAsDate
    const round = newRound(sql, now, ordered)
    if (yield* waits(tenantId, id)) {
      return yield* sql`UPDATE undelivered SET ${round} WHERE tenant_id = ${tenantId} AND delivery_id = ${id}`
    }
    return yield* sql`
      INSERT INTO undelivered (tenant_id, delivery_id, webhook_id, event_id, sequence, ordering_key, state, attempts,
        earlier_attempts, round_at, due_at)
      SELECT tenant_id, id, webhook_id, event_id, sequence,
        CASE WHEN ${ordered} THEN coalesce(ordering_key, '') ELSE ordering_key END, 'pending', made, made, ${now}, ${now}
      FROM deliveries CROSS JOIN LATERAL (
        SELECT coalesce(max(number), 0) AS made FROM attempts WHERE delivery_id = deliveries.id) AS log
      WHERE id = ${id}
      ON CONFLICT (tenant_id, delivery_id) DO UPDATE SET ${round}`
  })

  const retry = Effect.fn("OutboundWebhooks.retry")(function* (caller: Identity, id: DeliveryId) {
    const { webhookId } = yield* deliveries.one(caller, id)
    const webhook = yield* Effect.orDie(receiving(webhookId))
    if (webhook === undefined) return yield* new Unprocessable({ detail: "The webhook was removed" })
    if (!webhook.active) return yield* notActive()
    yield* Effect.orDie(again(caller.tenantId, id, webhook.ordered))
    yield* told(caller, "delivery.retried", id, webhookId)
    return yield* deliveries.one(caller, id)
  }, unit.commit)

  const cancel = Effect.fn("OutboundWebhooks.cancel")(function* (caller: Identity, id: DeliveryId) {
    yield* deliveries.one(caller, id)
    const [ended] = yield* sql`
      UPDATE undelivered SET ${cancelled(sql, yield* DateTime.nowAsDate)}
      WHERE tenant_id = ${caller.tenantId} AND delivery_id = ${id} AND due_at IS NOT NULL
      RETURNING webhook_id`.pipe(Effect.flatMap(ends), Effect.orDie)
    if (ended === undefined)
      return yield* new Conflict({ detail: "The delivery has come to its end already" })
    yield* told(caller, "delivery.cancelled", id, ended.webhookId)
    return yield* deliveries.one(caller, id)
  }, unit.commit)

  return { retry, cancel }
})
