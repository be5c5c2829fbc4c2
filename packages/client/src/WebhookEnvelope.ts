import { batchType } from "@do-integrations/domain/Event"
import { StandardEnvelope } from "@do-integrations/domain/Webhook/Payload/Standard"
import { Schema } from "effect"

/** An event as a webhook brings it. */
export class WebhookEvent extends Schema.Class<WebhookEvent>("WebhookEvent")({
  /** The event's id, the same on every retry: what receivers deduplicate by. */
  id: Schema.String,
  ...StandardEnvelope.fields
}) {}

/** Several events that a webhook brings at once, to an endpoint that takes them in batches. */
export class WebhookBatch extends Schema.Class<WebhookBatch>("WebhookBatch")({
  /** The request's id, the same on every retry. Its events have ids of their own. */
  id: Schema.String,
  /** When the batch was made. */
  timestamp: StandardEnvelope.fields.timestamp,
  type: Schema.Literal(batchType),
  data: Schema.Array(WebhookEvent)
}) {}

/** What a webhook brings: one event or several. */
export type WebhookEnvelope = WebhookEvent | WebhookBatch

/** The events that a webhook brings, in their order, whichever form it has. */
export const eventsOf = (envelope: WebhookEnvelope): ReadonlyArray<WebhookEvent> =>
  envelope instanceof WebhookBatch ? envelope.data : [envelope]

const EventBody = Schema.Struct({
  ...StandardEnvelope.fields,
  type: Schema.String.check(Schema.makeFilter((type) => type !== batchType || "Expected a batch of events"))
})

const BatchBody = Schema.Struct({
  type: WebhookBatch.fields.type,
  timestamp: WebhookBatch.fields.timestamp,
  events: WebhookBatch.fields.data
}).pipe(Schema.encodeKeys({ events: "data" }))

/** The body of a webhook (Standard Webhooks 1.0). The id is in its header. */
export const WebhookBody = Schema.fromJsonString(Schema.Union([BatchBody, EventBody]))

/** What a webhook brings, of its id and its body. */
export const envelopeOf = (id: string, body: typeof WebhookBody.Type): WebhookEnvelope =>
  "events" in body
    ? new WebhookBatch({ id, timestamp: body.timestamp, type: body.type, data: body.events })
    : new WebhookEvent({ id, ...body })
