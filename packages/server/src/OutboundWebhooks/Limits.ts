import { Unprocessable } from "@do-integrations/domain/Problem"
import type { TenantId } from "@do-integrations/domain/Tenant"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { longestSpanSeconds, type RetryPolicy } from "@do-integrations/domain/Webhook/RetryPolicy"
import { Duration, Effect, Schema } from "effect"
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

/** What a tenant may have of endpoints, looked at in the transaction that adds or changes one. */
export const makeLimits = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const tenants = yield* Tenants
  const counts = rowsOf(Present)

  /** Refuses an endpoint that is one too many beside the others, with these event types. */
  const checkCounts = Effect.fnUntraced(function* (
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

  /** Refuses a policy by which a delivery or a message would be forgotten before its last attempt. */
  const checkRetry = Effect.fnUntraced(function* (tenantId: TenantId, retry: RetryPolicy | undefined) {
    if (retry === undefined) return
    const { retentionDays } = yield* tenants.lockSettings(tenantId)
    const longest = longestSpanSeconds(retry)
    if (longest <= Duration.toSeconds(Duration.days(retentionDays))) return
    const message =
      `The tenant keeps deliveries and messages for ${retentionDays} days, and the last attempt may come ` +
      `${Math.ceil(longest / 86_400)} days after the first: each delay is jittered by a fifth`
    return yield* new Unprocessable({ errors: [{ path: ["payload", "retry"], message }] })
  })

  /** The policy of a new endpoint: its own, or what the tenant has decided for those that name none. */
  const retryFor = Effect.fnUntraced(function* (tenantId: TenantId, named: RetryPolicy | undefined) {
    const retry = named ?? (yield* tenants.settings(tenantId)).defaultRetry
    yield* checkRetry(tenantId, retry)
    return retry
  })

  return { checkCounts, checkRetry, retryFor }
})
