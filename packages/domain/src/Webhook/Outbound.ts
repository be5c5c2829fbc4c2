import { Schema } from "effect"
import { WebUrl } from "../Http.ts"
import { typeId } from "../Id.ts"
import { CustomerId } from "../Tenant.ts"
import { Prose } from "../Text.ts"

export const OutboundWebhookId = typeId("who").pipe(Schema.brand("OutboundWebhookId"))
export type OutboundWebhookId = typeof OutboundWebhookId.Type

export const DeliveryId = typeId("dlv").pipe(Schema.brand("DeliveryId"))
export type DeliveryId = typeof DeliveryId.Type

export const AttemptId = typeId("att").pipe(Schema.brand("AttemptId"))
export type AttemptId = typeof AttemptId.Type

/**
 * Which event types an endpoint takes: a name, a name that ends in `.*` or `:*` for everything below it,
 * or `*` for everything but `webhook:*`, which an endpoint gets only by naming it.
 */
export const EventPattern = Schema.String.check(
  Schema.isPattern(/^(?:\*|[A-Za-z0-9_-]{1,64}(?:[.:][A-Za-z0-9_-]{1,64}){0,7}(?:[.:]\*)?)$/u, {
    message: "Expected an event type, a prefix such as invoice.* or *"
  })
).annotate({ identifier: "EventPattern", description: "`invoice.paid`, `invoice.*` or `*`." })

/** Every pattern that takes events of `type`: `a.b` is taken by `a.b`, `a.*` and `*`. */
export const patternsFor = (type: string): ReadonlyArray<string> => {
  const prefixes = Array.from(type.matchAll(/[.:]/g), ({ index }) => `${type.slice(0, index + 1)}*`)
  return type.startsWith("webhook:") ? [type, ...prefixes] : [type, ...prefixes, "*"]
}

/** An address of the tenant's or its customer's that events are delivered to. */
export class OutboundWebhook extends Schema.Class<OutboundWebhook>("OutboundWebhook")({
  id: OutboundWebhookId,
  url: WebUrl,
  description: Schema.optionalKey(Prose(500)),
  eventTypes: Schema.Array(EventPattern),
  customerId: Schema.optionalKey(CustomerId),
  enabled: Schema.Boolean,
  createdAt: Schema.DateTimeUtcFromString
}) {}

/** A new outbound webhook with its signing secret, `whsec_` and base64, which is shown once. */
export class CreatedOutboundWebhook extends OutboundWebhook.extend<CreatedOutboundWebhook>(
  "CreatedOutboundWebhook"
)({
  secret: Schema.RedactedFromValue(Schema.String)
}) {}

/** An outbound webhook to create. */
export const NewOutboundWebhook = Schema.Struct({
  url: WebUrl,
  description: Schema.optionalKey(Prose(500)),
  eventTypes: Schema.Array(EventPattern).check(Schema.isMinLength(1), Schema.isMaxLength(100)),
  customerId: Schema.optionalKey(CustomerId)
}).annotate({
  identifier: "NewOutboundWebhook",
  examples: [{ url: "https://example.com/webhooks", eventTypes: ["invoice.*", "webhook:received"] }]
})
export type NewOutboundWebhook = typeof NewOutboundWebhook.Type

/** What of an outbound webhook may change. */
export const OutboundWebhookPatch = Schema.Struct({
  url: Schema.optionalKey(WebUrl),
  description: Schema.optionalKey(NewOutboundWebhook.fields.description.schema),
  eventTypes: Schema.optionalKey(NewOutboundWebhook.fields.eventTypes),
  enabled: Schema.optionalKey(Schema.Boolean)
}).annotate({ identifier: "OutboundWebhookPatch" })
export type OutboundWebhookPatch = typeof OutboundWebhookPatch.Type

/** Where one event's way to one endpoint stands. */
export const DeliveryState = Schema.Literals([
  /** Not tried yet. */
  "pending",
  /** Tried without success; another attempt follows. */
  "failed",
  "succeeded",
  /** The retry schedule ran out. */
  "exhausted",
  /** The endpoint was disabled when the event came or when its turn came. */
  "skipped"
]).annotate({ identifier: "DeliveryState" })
export type DeliveryState = typeof DeliveryState.Type

/** One try to deliver. */
export class Attempt extends Schema.Class<Attempt>("Attempt")({
  id: AttemptId,
  /** From 1. */
  number: Schema.Int,
  at: Schema.DateTimeUtcFromString,
  durationMs: Schema.Int,
  /** The HTTP status; left out when no answer came. */
  status: Schema.optionalKey(Schema.Int),
  /** Why it failed: `Timeout`, `ConnectFailed`, `Denied` and so on, or `Status`. */
  error: Schema.optionalKey(Schema.String),
  /** The first 16 KiB of the answer's body, as text. */
  responseBody: Schema.optionalKey(Schema.String)
}) {}

/** One event on its way to one endpoint. */
export class Delivery extends Schema.Class<Delivery>("Delivery")({
  id: DeliveryId,
  webhookId: OutboundWebhookId,
  eventId: Schema.String,
  eventType: Schema.String,
  state: DeliveryState,
  /** Attempts made so far. */
  attempts: Schema.Int,
  /** When the next attempt is due; left out when none follows. */
  nextAttemptAt: Schema.optionalKey(Schema.DateTimeUtcFromString),
  createdAt: Schema.DateTimeUtcFromString,
  completedAt: Schema.optionalKey(Schema.DateTimeUtcFromString)
}) {}

/** A delivery with every attempt that was made, oldest first. */
export class DeliveryDetail extends Delivery.extend<DeliveryDetail>("DeliveryDetail")({
  attemptLog: Schema.Array(Attempt)
}) {}
