import { IngressProvider } from "@do-integrations/domain/Api/Ingress"
import { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import { InboundReply } from "@do-integrations/domain/Webhook/Inbound"
import { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { Dedupe, Locator } from "@do-integrations/domain/Webhook/Inbound/Locator"
import { Routes } from "@do-integrations/domain/Webhook/Inbound/Route"
import { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { Ordering } from "@do-integrations/domain/Webhook/Outbound"
import { Schema } from "effect"

const json = <S extends Schema.Constraint>(schema: S) => Schema.fromJsonString(schema)

/** An inbound webhook as the way in reads it. The platform's own have a provider and no tenant. */
export const StoredInboundWebhook = Schema.Struct({
  id: InboundWebhookId,
  tenantId: Schema.optionalKey(TenantId),
  customerId: Schema.optionalKey(CustomerId),
  provider: Schema.optionalKey(IngressProvider),
  source: Schema.optionalKey(Schema.String),
  scheme: json(InboundScheme),
  secrets: Schema.Uint8Array,
  dedupe: Schema.optionalKey(json(Dedupe)),
  eventType: Schema.optionalKey(json(Locator)),
  routes: json(Routes),
  ordering: Schema.optionalKey(json(Ordering)),
  methods: Schema.Array(Schema.String),
  contentTypes: Schema.optionalKey(Schema.Array(Schema.String)),
  allowedNetworks: Schema.optionalKey(Schema.Array(Schema.String)),
  rateLimit: Schema.optionalKey(Schema.Int),
  reply: Schema.optionalKey(json(InboundReply)),
  enabled: Schema.Boolean,
  /** Another one with every change. */
  revision: Schema.String
})
export type StoredInboundWebhook = typeof StoredInboundWebhook.Type

/** Its columns. */
export const storedColumns =
  "id, tenant_id, customer_id, provider, source, scheme, secrets, dedupe, event_type, routes, ordering, methods, " +
  "content_types, allowed_networks, rate_limit, reply, enabled, revision::text AS revision"
