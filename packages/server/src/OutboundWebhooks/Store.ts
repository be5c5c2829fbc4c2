import type { Identity } from "@do-integrations/domain/ApiKey"
import { NotFound } from "@do-integrations/domain/Problem"
import { TenantId } from "@do-integrations/domain/Tenant"
import { OutboundWebhook, type OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { DateTime, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as Column from "../Sql/Column.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { visibleTo } from "../Sql/Visible.ts"
import { SealedColumns } from "../DeliveryEngine/Secrets.ts"

/** An endpoint with what only a change of it needs. */
const StoredWebhook = Schema.Struct({
  ...OutboundWebhook.fields,
  ...SealedColumns,
  tenantId: TenantId,
  /** Counts the changes that the endpoint's owner has to know of. */
  revision: Schema.String
})
export type StoredWebhook = typeof StoredWebhook.Type

/** The rows of endpoints, as the API shows them. */
export const makeStore = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = rowsOf(OutboundWebhook)
  const storedRows = rowsOf(StoredWebhook)
  const plain =
    sql.literal(`id, url, description, event_types, channels, filter::json AS filter, customer_id, status, error,
    connected_at, last_activity_at, failing_since, signatures, public_key, headers::json AS headers,
    retry::json AS retry, concurrency, rate_limit, timeout_seconds, ordering::json AS ordering,
    batching::json AS batching, disable_after_hours, created_at`)

  /** What the API shows; a hold that is over is none. */
  const columns = Effect.map(
    DateTime.nowAsDate,
    (now) => sql`${plain}, CASE WHEN hold_until > ${now} THEN hold_until END AS held_until`
  )

  const byIds = Effect.fn("OutboundWebhooks.byIds")(function* (caller: Identity, ids: ReadonlyArray<string>) {
    return yield* rows(
      yield* sql`
        SELECT ${yield* columns} FROM outbound_webhooks
        WHERE id = ANY(${Column.text(ids)}) AND ${visibleTo(sql, caller)}`
    )
  }, Effect.orDie)

  const get = Effect.fn("OutboundWebhooks.get")(function* (caller: Identity, id: OutboundWebhookId) {
    const [webhook] = yield* byIds(caller, [id])
    return webhook ?? (yield* new NotFound())
  })

  const stored = Effect.fnUntraced(function* (caller: Identity, id: OutboundWebhookId) {
    const [webhook] = yield* sql`
      SELECT ${yield* columns}, tenant_id, revision::text AS revision, secret, signing_key, previous_secrets,
        header_secrets
      FROM outbound_webhooks WHERE id = ${id} AND ${visibleTo(sql, caller)}`.pipe(
      Effect.flatMap(storedRows),
      Effect.orDie
    )
    return webhook ?? (yield* new NotFound())
  })

  return { rows, columns, byIds, get, stored }
})
