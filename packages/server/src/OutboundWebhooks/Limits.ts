import { Unprocessable } from "@do-integrations/domain/Problem"
import type { TenantId } from "@do-integrations/domain/Tenant"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { rowsOf } from "../Sql/Rows.ts"
import { Tenants } from "../Tenants.ts"

/**
 * Endpoints of a tenant that may take `webhook:*` events. Every delivery to any endpoint ends in one of those,
 * so if all endpoints took them, deliveries would grow with the square of their number.
 */
const maxWatchers = 10

const Present = Schema.Struct({ endpoints: Schema.Int, watchers: Schema.Int })

const watches = (eventTypes: ReadonlyArray<string>) =>
  eventTypes.some((pattern) => pattern.startsWith("webhook:"))

/** What a tenant may have of endpoints, counted in the transaction that adds or changes one. */
export const makeLimits = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const tenants = yield* Tenants
  const counts = rowsOf(Present)

  /** Refuses an endpoint that is one too many beside the others, with these event types. */
  return Effect.fnUntraced(function* (
    tenantId: TenantId,
    endpoint: { readonly id: OutboundWebhookId; readonly eventTypes: ReadonlyArray<string> }
  ) {
    const { endpointCap } = yield* tenants.lockSettings(tenantId)
    const [others] = yield* sql`
      SELECT count(*) AS endpoints,
        count(*) FILTER (WHERE EXISTS (SELECT FROM unnest(event_types) AS type WHERE type LIKE 'webhook:%')) AS watchers
      FROM outbound_webhooks WHERE tenant_id = ${tenantId} AND id <> ${endpoint.id}`.pipe(
      Effect.flatMap(counts),
      Effect.orDie
    )
    if (others === undefined) return
    if (others.endpoints >= endpointCap) {
      return yield* new Unprocessable({ detail: `The tenant may have ${endpointCap} outbound webhooks` })
    }
    if (watches(endpoint.eventTypes) && others.watchers >= maxWatchers) {
      const message = `The tenant may have ${maxWatchers} outbound webhooks that take webhook:* events`
      return yield* new Unprocessable({ errors: [{ path: ["payload", "eventTypes"], message }] })
    }
  })
})
