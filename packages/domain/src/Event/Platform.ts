import { Schema } from "effect"
import { IntegrationType } from "../Integration.ts"
import { InboundWebhookId } from "../Webhook/Inbound/Id.ts"
import { MessageId } from "../Webhook/Inbound/Message.ts"
import { OutboundWebhookId } from "../Webhook/Outbound.ts"

/**
 * The payload of each event that the platform itself publishes.
 *
 * `webhook:sent` tells of each delivery's end: once when it succeeded or its retries ran out, and once more when
 * somebody has it delivered again after that. What was skipped or cancelled was not sent and tells nothing, nor do
 * deliveries of `webhook:*` events, which would go on for ever.
 */
export const platformEvents = {
  "integration:connected": Schema.Struct({ integrationType: IntegrationType }),
  "integration:disconnected": Schema.Struct({ integrationType: IntegrationType }),
  "integration:error": Schema.Struct({ integrationType: IntegrationType, error: Schema.String }),
  "webhook:received": Schema.Struct({
    webhookId: InboundWebhookId,
    source: Schema.optionalKey(Schema.String)
  }),
  "webhook:sent": Schema.Struct({ webhookId: OutboundWebhookId, success: Schema.Boolean }),
  "oauth:refreshed": Schema.Struct({ provider: Schema.String, connectionId: Schema.String }),
  "oauth:expired": Schema.Struct({ provider: Schema.String, connectionId: Schema.String })
} as const

const instant = Schema.String.annotate({ format: "date-time" })

/** What the platform tells besides of outbound webhooks, in one of the reserved namespaces. */
export const endpointEvents = {
  /** An outbound webhook has failed for half of the time after which it is disabled. */
  "endpoint.failing": Schema.Struct({
    webhookId: OutboundWebhookId,
    failingSince: instant,
    disabledAt: instant
  }),
  /** Somebody asked for a test of an outbound webhook. */
  "endpoint.test": Schema.Struct({ webhookId: OutboundWebhookId })
} as const

/** What the platform tells besides of messages that inbound webhooks took. */
export const messageEvents = {
  /** A message is dead on a route: its retries ran out, or no retry could help. */
  "delivery.dead": Schema.Struct({
    webhookId: InboundWebhookId,
    messageId: MessageId,
    route: Schema.String,
    error: Schema.String
  })
} as const

const published = { ...platformEvents, ...endpointEvents, ...messageEvents }

/** A platform event: its type and the payload that goes with it. */
export type PlatformEvent = {
  readonly [Type in keyof typeof published]: {
    readonly type: Type
    readonly data: (typeof published)[Type]["Type"]
  }
}[keyof typeof published]
