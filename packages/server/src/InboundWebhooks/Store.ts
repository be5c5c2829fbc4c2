import type { Identity } from "@do-integrations/domain/ApiKey"
import { NotFound } from "@do-integrations/domain/Problem"
import { TenantId } from "@do-integrations/domain/Tenant"
import { InboundWebhook } from "@do-integrations/domain/Webhook/Inbound"
import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as Column from "../Sql/Column.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { visibleTo } from "../Sql/Visible.ts"

/** An inbound webhook with what only a change of it needs. */
const StoredWebhook = Schema.Struct({
  ...InboundWebhook.fields,
  tenantId: TenantId,
  tokenHash: Schema.Uint8Array,
  /** Sealed; there from the first route to a URL on. */
  forwardSecrets: Schema.optionalKey(Schema.Uint8Array),
  /** Counts the changes. */
  revision: Schema.String
})
export type StoredWebhook = typeof StoredWebhook.Type

/** The rows of inbound webhooks, as the API shows them. */
export const makeStore = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = rowsOf(InboundWebhook)
  const storedRows = rowsOf(StoredWebhook)
  const columns =
    sql.literal(`id, name, source, scheme::json AS scheme, dedupe::json AS dedupe, event_type::json AS event_type,
    routes::json AS routes, retry::json AS retry, concurrency, ordering::json AS ordering, methods, content_types,
    allowed_networks, rate_limit, reply::json AS reply, customer_id, enabled, created_at,
    (SELECT received_at FROM messages WHERE webhook_id = inbound_webhooks.id ORDER BY messages.id DESC LIMIT 1)
      AS last_activity_at`)

  const byIds = Effect.fn("InboundWebhooks.byIds")(function* (caller: Identity, ids: ReadonlyArray<string>) {
    return yield* rows(
      yield* sql`
        SELECT ${columns} FROM inbound_webhooks
        WHERE id = ANY(${Column.text(ids)}) AND ${visibleTo(sql, caller)}`
    )
  }, Effect.orDie)

  const get = Effect.fn("InboundWebhooks.get")(function* (caller: Identity, id: InboundWebhookId) {
    const [webhook] = yield* byIds(caller, [id])
    return webhook ?? (yield* new NotFound())
  })

  const stored = Effect.fnUntraced(function* (caller: Identity, id: InboundWebhookId) {
    const [webhook] = yield* sql`
      SELECT ${columns}, tenant_id, token_hash, forward_secrets, revision::text AS revision
      FROM inbound_webhooks WHERE id = ${id} AND ${visibleTo(sql, caller)}`.pipe(
      Effect.flatMap(storedRows),
      Effect.orDie
    )
    return webhook ?? (yield* new NotFound())
  })

  return { rows, columns, byIds, get, stored }
})
