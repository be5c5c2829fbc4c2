import { IngressProvider } from "@do-integrations/domain/Api/Ingress"
import { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { Routes } from "@do-integrations/domain/Webhook/Inbound/Route"
import { Ordering } from "@do-integrations/domain/Webhook/Outbound"
import { RetryPolicy } from "@do-integrations/domain/Webhook/RetryPolicy"
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { makeForwardKeys } from "../InboundWebhooks/Forwarding.ts"
import type { TimedKey } from "../DeliveryEngine/Secrets.ts"
import { rowsOf } from "../Sql/Rows.ts"

const Row = Schema.Struct({
  id: InboundWebhookId,
  tenantId: Schema.optionalKey(TenantId),
  customerId: Schema.optionalKey(CustomerId),
  provider: Schema.optionalKey(IngressProvider),
  source: Schema.optionalKey(Schema.String),
  routes: Schema.fromJsonString(Routes),
  retry: Schema.fromJsonString(RetryPolicy),
  concurrency: Schema.Int,
  ordering: Schema.optionalKey(Schema.fromJsonString(Ordering)),
  forwardSecrets: Schema.optionalKey(Schema.Uint8Array),
  revision: Schema.String
})

/** An inbound webhook as its owner sees it: what becomes of its messages. */
export interface HandledWebhook extends Omit<typeof Row.Type, "forwardSecrets"> {
  /** What messages that are forwarded to a URL are signed with. */
  readonly forwardKeys: ReadonlyArray<TimedKey>
}

/** Reads webhooks with everything that is needed to handle their messages. Undefined: it was removed. */
export const makeLoadWebhook = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const keys = yield* makeForwardKeys
  const rows = rowsOf(Row)

  return Effect.fn("HandlingEngine.loadWebhook")(function* (id: InboundWebhookId) {
    const [row] = yield* sql`
      SELECT id, tenant_id, customer_id, provider, source, routes, retry, concurrency, ordering, forward_secrets,
        revision::text AS revision
      FROM inbound_webhooks WHERE id = ${id}`.pipe(Effect.flatMap(rows))
    if (row === undefined) return undefined
    const { forwardSecrets, ...webhook } = row
    const forwardKeys =
      forwardSecrets === undefined || webhook.tenantId === undefined
        ? []
        : yield* keys.open({ id, tenantId: webhook.tenantId, forwardSecrets })
    return { ...webhook, forwardKeys } satisfies HandledWebhook
  }, Effect.orDie)
})
