import { Schema } from "effect"
import { HttpApiEndpoint, OpenApi } from "effect/http-api"
import { described } from "../../Described.ts"
import { EventTypeName } from "../../Event.ts"
import { Page, PageQuery } from "../../Page.ts"
import { Conflict, NotFound, Unprocessable } from "../../Problem.ts"
import { Timestamp } from "../../Time.ts"
import { Delivery, DeliveryDetail, DeliveryId, DeliveryState } from "../../Webhook/Delivery.ts"
import { OutboundWebhookId } from "../../Webhook/Outbound.ts"
import { Idempotency, IdempotencyHeaders, RequiredScope } from "../Middleware.ts"

const delivery = { id: DeliveryId }

/** Events on their way to outbound webhooks. */
export const deliveryEndpoints = [
  HttpApiEndpoint.get("listDeliveries", "/deliveries", {
    query: {
      ...PageQuery,
      webhookId: Schema.optionalKey(OutboundWebhookId).pipe(described("Only those to this webhook.")),
      state: Schema.optionalKey(DeliveryState).pipe(described("Only those that stand there.")),
      undelivered: Schema.optionalKey(Schema.Boolean).pipe(
        described(
          "`true`: only those that ended without success: exhausted, skipped, cancelled; another `state` beside it " +
            "is 422. `false`: as if left out."
        )
      ),
      eventType: Schema.optionalKey(EventTypeName).pipe(described("Only those of events of this type.")),
      since: Schema.optionalKey(Timestamp).pipe(described("Only those of events from then on.")),
      until: Schema.optionalKey(Timestamp).pipe(described("Only those of events before."))
    },
    success: Page(Delivery),
    error: Unprocessable
  })
    .annotateMerge(
      OpenApi.annotations({
        summary: "List deliveries",
        description: "Events on their way to outbound webhooks, newest first."
      })
    )
    .annotate(RequiredScope, "webhooks:read"),
  HttpApiEndpoint.get("getDelivery", "/deliveries/:id", {
    params: delivery,
    success: DeliveryDetail,
    error: NotFound
  })
    .annotate(RequiredScope, "webhooks:read")
    .annotateMerge(
      OpenApi.annotations({
        summary: "Get a delivery",
        description: "The delivery with every attempt that was made, oldest first."
      })
    ),
  HttpApiEndpoint.post("retryDelivery", "/deliveries/:id/retry", {
    params: delivery,
    headers: IdempotencyHeaders,
    success: Delivery,
    error: [NotFound, Unprocessable]
  })
    .middleware(Idempotency)
    .annotate(RequiredScope, "webhooks:write")
    .annotateMerge(
      OpenApi.annotations({
        summary: "Retry a delivery",
        description:
          "Delivers it again now, whatever became of it, with its retries from the start. The receiver sees the " +
          "same `webhook-id`, or in a batch the same `id`. `webhook:sent` tells of its end once more."
      })
    ),
  HttpApiEndpoint.post("cancelDelivery", "/deliveries/:id/cancel", {
    params: delivery,
    success: Delivery,
    error: [NotFound, Conflict]
  })
    .annotate(RequiredScope, "webhooks:write")
    .annotateMerge(
      OpenApi.annotations({
        summary: "Cancel a delivery",
        description:
          "Ends a delivery that is still on its way. One that blocks an order is passed over, and what waits " +
          "behind it is delivered. 409 when it has ended already."
      })
    )
] as const
