import { Schema } from "effect"
import { IntegrationType } from "../Integration.ts"
import { InboundWebhookId } from "../Webhook/Inbound.ts"
import { OutboundWebhookId } from "../Webhook/Outbound.ts"

/** The payload of each event that the platform itself publishes. */
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

/** A platform event: its type and the payload that goes with it. */
export type PlatformEvent = {
  readonly [Type in keyof typeof platformEvents]: {
    readonly type: Type
    readonly data: (typeof platformEvents)[Type]["Type"]
  }
}[keyof typeof platformEvents]
