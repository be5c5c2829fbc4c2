import { Schema } from "effect"
import { described } from "../Described.ts"
import { EventId } from "../Event.ts"
import { WebUrl } from "../Http.ts"
import { typeId } from "../Id.ts"
import { Secret } from "../Secret.ts"
import { CustomerId } from "../Tenant.ts"
import { Prose } from "../Text.ts"
import { Timestamp } from "../Time.ts"

/** The id of an outbound webhook. */
export const OutboundWebhookId = typeId("who").pipe(Schema.brand("OutboundWebhookId"))
export type OutboundWebhookId = typeof OutboundWebhookId.Type

/** The id of one event's way to one endpoint. */
export const DeliveryId = typeId("dlv").pipe(Schema.brand("DeliveryId"))
export type DeliveryId = typeof DeliveryId.Type

/** The id of one try to deliver. */
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
  id: OutboundWebhookId.pipe(described("The webhook's id.")),
  url: WebUrl.pipe(described("Where events are delivered to.")),
  description: Schema.optionalKey(Prose(500)).pipe(described("What it is for, in the tenant's words.")),
  eventTypes: Schema.Array(EventPattern).pipe(described("The events that it takes.")),
  customerId: Schema.optionalKey(CustomerId).pipe(
    described("Set: it takes this customer's events and no others.")
  ),
  enabled: Schema.Boolean.pipe(described("Whether events are delivered to it.")),
  createdAt: Timestamp.pipe(described("When it was created."))
}) {}

/** A new outbound webhook with its signing secret, `whsec_` and base64, which is shown once. */
export class CreatedOutboundWebhook extends OutboundWebhook.extend<CreatedOutboundWebhook>(
  "CreatedOutboundWebhook"
)({
  secret: Secret(Schema.String).pipe(
    described("What deliveries are signed with, `whsec_` and base64: shown only here.")
  )
}) {}

/** An outbound webhook to create. */
export const NewOutboundWebhook = Schema.Struct({
  url: OutboundWebhook.fields.url,
  description: OutboundWebhook.fields.description,
  eventTypes: Schema.Array(EventPattern)
    .check(Schema.isMinLength(1), Schema.isMaxLength(100))
    .pipe(described("The events to deliver.")),
  customerId: OutboundWebhook.fields.customerId
}).annotate({
  identifier: "NewOutboundWebhook",
  examples: [{ url: "https://example.com/webhooks", eventTypes: ["invoice.*", "webhook:received"] }]
})
export type NewOutboundWebhook = typeof NewOutboundWebhook.Type

/** What of an outbound webhook may change. */
export const OutboundWebhookPatch = Schema.Struct({
  url: Schema.optionalKey(OutboundWebhook.fields.url),
  description: OutboundWebhook.fields.description,
  eventTypes: Schema.optionalKey(NewOutboundWebhook.fields.eventTypes),
  enabled: Schema.optionalKey(OutboundWebhook.fields.enabled)
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
  id: AttemptId.pipe(described("The attempt's id.")),
  number: Schema.Int.pipe(described("Which try it was, from 1.")),
  at: Timestamp.pipe(described("When it was made.")),
  durationMs: Schema.Int.pipe(described("How long it took, in milliseconds.")),
  status: Schema.optionalKey(Schema.Int).pipe(described("The HTTP status; left out when no answer came.")),
  error: Schema.optionalKey(Schema.String).pipe(
    described("Why it failed: `Timeout`, `ConnectFailed`, `Denied` and so on, or `Status`.")
  ),
  responseBody: Schema.optionalKey(Schema.String).pipe(
    described("The first 16 KiB of the answer's body, as text.")
  )
}) {}

/** One event on its way to one endpoint. */
export class Delivery extends Schema.Class<Delivery>("Delivery")({
  id: DeliveryId.pipe(described("The delivery's id.")),
  webhookId: OutboundWebhookId.pipe(described("The webhook that it goes to.")),
  eventId: EventId.pipe(described("The event that is delivered; the `webhook-id` of each attempt.")),
  eventType: Schema.String.pipe(described("The event's type.")),
  state: DeliveryState.pipe(described("Where it stands.")),
  attempts: Schema.Int.pipe(described("Attempts made so far.")),
  nextAttemptAt: Schema.optionalKey(Timestamp).pipe(
    described("When the next attempt is due; left out when none follows.")
  ),
  createdAt: Timestamp.pipe(described("When the event came.")),
  completedAt: Schema.optionalKey(Timestamp).pipe(
    described("When it came to its end, whichever; left out until then.")
  )
}) {}

/** A delivery with every attempt that was made, oldest first. */
export class DeliveryDetail extends Delivery.extend<DeliveryDetail>("DeliveryDetail")({
  attemptLog: Schema.Array(Attempt).pipe(described("Every attempt that was made, oldest first."))
}) {}
