import { Schema } from "effect"
import { described } from "../Described.ts"
import { EventId } from "../Event.ts"
import { typeId } from "../Id.ts"
import { Timestamp } from "../Time.ts"
import { OutboundWebhookId } from "./Outbound.ts"

/** The id of one event's way to one endpoint. */
export const DeliveryId = typeId("dlv").pipe(Schema.brand("DeliveryId"))
export type DeliveryId = typeof DeliveryId.Type

/** The id of one try to deliver. */
export const AttemptId = typeId("att").pipe(Schema.brand("AttemptId"))
export type AttemptId = typeof AttemptId.Type

/** Where one event's way to one endpoint stands. */
export const DeliveryState = Schema.Literals([
  /** Not tried yet. */
  "pending",
  /** An attempt is under way, for at least a quarter of a second. */
  "in_flight",
  /** Tried without success; another attempt follows. */
  "failed",
  /** Answered with a 2xx in time, whatever the body. */
  "succeeded",
  /** The retry schedule ran out. */
  "exhausted",
  /** The endpoint was paused or disabled when the event came or when its turn came. */
  "skipped",
  /** Somebody ended it before it was delivered. */
  "cancelled"
]).annotate({
  identifier: "DeliveryState",
  description:
    "`pending`: not tried yet; `in_flight`: an attempt is under way; `failed`: tried, another attempt follows; " +
    "`succeeded`: answered with a 2xx in time; `exhausted`: the retries ran out; `skipped`: the webhook was paused or disabled; `cancelled`."
})
export type DeliveryState = typeof DeliveryState.Type

const Headers = Schema.Record(Schema.String, Schema.String)

/** One try to deliver. */
export class Attempt extends Schema.Class<Attempt>("Attempt")({
  id: AttemptId.pipe(described("The attempt's id.")),
  number: Schema.Int.pipe(described("Which try it was, from 1.")),
  at: Timestamp.pipe(described("When it was made.")),
  durationMs: Schema.Int.pipe(described("How long it took, in milliseconds.")),
  status: Schema.optionalKey(Schema.Int).pipe(described("The HTTP status; left out when no answer came.")),
  error: Schema.optionalKey(Schema.String).pipe(
    described("Why it failed: `Timeout`, `ConnectFailed`, `EgressDenied` and so on, or `Status`.")
  ),
  requestHeaders: Schema.optionalKey(Headers).pipe(
    described("The headers that were sent; secret ones masked.")
  ),
  responseHeaders: Schema.optionalKey(Headers).pipe(
    described("The headers of the answer; left out when none came.")
  ),
  responseBody: Schema.optionalKey(Schema.String).pipe(
    described("The first 16 KiB of the answer's body, as text; what is longer is cut and does no harm.")
  )
}) {}

/** One event on its way to one endpoint. */
export class Delivery extends Schema.Class<Delivery>("Delivery")({
  id: DeliveryId.pipe(described("The delivery's id.")),
  webhookId: OutboundWebhookId.pipe(described("The webhook that it goes to.")),
  eventId: EventId.pipe(
    described(
      "The event that is delivered. It is the `webhook-id` of each attempt, but for webhooks that take batches: " +
        "those find it in the batch, and the batch has a `webhook-id` of its own."
    )
  ),
  eventType: Schema.String.pipe(described("The event's type.")),
  state: DeliveryState.pipe(described("Where it stands.")),
  attempts: Schema.Int.pipe(described("Attempts made so far.")),
  orderingKey: Schema.optionalKey(Schema.String).pipe(
    described("What it is ordered by; left out where the webhook is not ordered.")
  ),
  blocking: Schema.optionalKey(Schema.Literal(true)).pipe(
    described("It is exhausted and holds up what follows it in its order, until it is retried or cancelled.")
  ),
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

/** What became of an event that was sent to one endpoint. */
export class WebhookResult extends Schema.Class<WebhookResult>("WebhookResult")({
  webhookId: OutboundWebhookId.pipe(described("The webhook that it was sent to.")),
  eventId: EventId.pipe(described("The event that was made for it.")),
  deliveryId: DeliveryId.pipe(described("The delivery, which is on disk.")),
  state: DeliveryState.pipe(described("Where the delivery stands at the time of the answer.")),
  success: Schema.Boolean.pipe(described("Whether the receiver has taken it.")),
  attempt: Schema.optionalKey(Attempt).pipe(
    described("The last attempt; left out when none was made in the time that was waited.")
  )
}) {}
