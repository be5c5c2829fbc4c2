import type { TenantId } from "@do-integrations/domain/Tenant"
import { type CustomHeaders, visible } from "@do-integrations/domain/Webhook/CustomHeader"
import {
  orderingOf,
  type OutboundWebhookId,
  type OutboundWebhookPatch
} from "@do-integrations/domain/Webhook/Outbound"
import { Effect, Redacted } from "effect"
import { type Columns, json } from "../Sql/Patch.ts"
import { Vault } from "../Vault.ts"
import { makeSecrets } from "../DeliveryEngine/Secrets.ts"

/** What an endpoint's failures have led to, forgotten. */
export const forgiven = { failing_since: null, warned_at: null, hold_until: null } as const

/** The columns of what is set of an endpoint; headers have {@link makeHeaderColumns} of their own. */
export const columnsOf = (changes: Omit<OutboundWebhookPatch, "headers">): Columns => ({
  url: changes.url,
  description: changes.description,
  event_types: changes.eventTypes,
  channels: changes.channels,
  filter: json(changes.filter),
  signatures: changes.signatures,
  retry: json(changes.retry),
  concurrency: changes.concurrency,
  rate_limit: changes.rateLimit,
  timeout_seconds: changes.timeoutSeconds,
  ordering: json(changes.ordering && orderingOf(changes.ordering)),
  batching: json(changes.batching),
  disable_after_hours: changes.disableAfterHours
})

/** The columns of an endpoint's own headers: what may be shown, and the secret values sealed. */
export const makeHeaderColumns = Effect.gen(function* () {
  const secrets = makeSecrets(yield* Vault)
  return Effect.fnUntraced(function* (
    tenantId: TenantId,
    id: OutboundWebhookId,
    headers: CustomHeaders | undefined
  ) {
    if (headers === undefined) return {}
    const hidden = headers.filter(({ secret }) => secret === true)
    const values = Object.fromEntries(
      hidden.map(({ name, value }) => [name.toLowerCase(), Redacted.value(value)])
    )
    return {
      headers: JSON.stringify(headers.map(visible)),
      header_secrets: hidden.length === 0 ? null : yield* secrets.sealHeaders(tenantId, id, values)
    }
  })
})
