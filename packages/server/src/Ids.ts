import { ApiKeyId } from "@do-integrations/domain/ApiKey"
import { AuditEntryId } from "@do-integrations/domain/Audit"
import { EventId } from "@do-integrations/domain/Event"
import { IntegrationId } from "@do-integrations/domain/Integration"
import { TenantId } from "@do-integrations/domain/Tenant"
import { InboundWebhookId, MessageId } from "@do-integrations/domain/Webhook/Inbound"
import { AttemptId, DeliveryId, OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Effect } from "effect"
import { typeidUnboxed } from "typeid-js"

/** Mints a TypeID: ids minted later in one process sort later. */
const mint = <Id>(schema: { readonly make: (text: string) => Id }, prefix: string): Effect.Effect<Id> =>
  Effect.sync(() => schema.make(typeidUnboxed(prefix)))

export const newTenantId = mint(TenantId, "ten")
export const newApiKeyId = mint(ApiKeyId, "key")
export const newIntegrationId = mint(IntegrationId, "int")
export const newInboundWebhookId = mint(InboundWebhookId, "whi")
export const newOutboundWebhookId = mint(OutboundWebhookId, "who")
export const newEventId = mint(EventId, "evt")
export const newDeliveryId = mint(DeliveryId, "dlv")
export const newAttemptId = mint(AttemptId, "att")
export const newMessageId = mint(MessageId, "msg")
export const newAuditEntryId = mint(AuditEntryId, "aud")
