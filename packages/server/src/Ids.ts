import { ApiKeyId } from "@do-integrations/domain/ApiKey"
import { AuditEntryId } from "@do-integrations/domain/Audit"
import { EventId } from "@do-integrations/domain/Event"
import { IntegrationId } from "@do-integrations/domain/Integration"
import { TenantId } from "@do-integrations/domain/Tenant"
import { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { MessageId } from "@do-integrations/domain/Webhook/Inbound/Message"
import { AttemptId, DeliveryId } from "@do-integrations/domain/Webhook/Delivery"
import { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { JobId } from "@do-integrations/domain/Job"
import { Effect } from "effect"
import { typeidUnboxed } from "typeid-js"

interface Minted<Id> {
  readonly make: (text: string, options: { readonly disableChecks: boolean }) => Id
}

/** Mints a TypeID, which needs no check: ids minted later in one process sort later. */
const mint = <Id>(schema: Minted<Id>, prefix: string): Effect.Effect<Id> =>
  Effect.sync(() => schema.make(typeidUnboxed(prefix), { disableChecks: true }))

/** Mints several at once: an effect for each would take as long as the id. */
const mintAll =
  <Id>(schema: Minted<Id>, prefix: string) =>
  (count: number): Effect.Effect<ReadonlyArray<Id>> =>
    Effect.sync(() =>
      Array.from({ length: count }, () => schema.make(typeidUnboxed(prefix), { disableChecks: true }))
    )

export const newTenantId = mint(TenantId, "ten")
export const newApiKeyId = mint(ApiKeyId, "key")
export const newIntegrationId = mint(IntegrationId, "int")
export const newInboundWebhookId = mint(InboundWebhookId, "whi")
export const newOutboundWebhookId = mint(OutboundWebhookId, "who")
export const newEventId = mint(EventId, "evt")
export const newEventIds = mintAll(EventId, "evt")
export const newDeliveryId = mint(DeliveryId, "dlv")
export const newAttemptId = mint(AttemptId, "att")
export const newMessageId = mint(MessageId, "msg")
export const newJobId = mint(JobId, "job")
export const newAuditEntryId = mint(AuditEntryId, "aud")
