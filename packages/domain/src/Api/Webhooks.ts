import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { described } from "../Described.ts"
import { Page, PageQuery } from "../Page.ts"
import { NotFound, Unprocessable } from "../Problem.ts"
import {
  CreatedInboundWebhook,
  InboundWebhook,
  InboundWebhookId,
  InboundWebhookPatch,
  Message,
  MessageDetail,
  MessageId,
  NewInboundWebhook
} from "../Webhook/Inbound.ts"
import {
  CreatedOutboundWebhook,
  Delivery,
  DeliveryDetail,
  DeliveryId,
  DeliveryState,
  NewOutboundWebhook,
  OutboundWebhook,
  OutboundWebhookId,
  OutboundWebhookPatch
} from "../Webhook/Outbound.ts"
import { CustomerQuery } from "./CustomerQuery.ts"
import { Authorization, Idempotency, IdempotencyHeaders, RequiredScope } from "./Middleware.ts"

/** An inbound or an outbound webhook, told apart by `direction`. */
export const AnyWebhook = Schema.Union([
  Schema.Struct({
    direction: Schema.tag("inbound").pipe(described("It takes messages from outside.")),
    webhook: InboundWebhook.pipe(described("The inbound webhook."))
  }),
  Schema.Struct({
    direction: Schema.tag("outbound").pipe(described("Events are delivered to it.")),
    webhook: OutboundWebhook.pipe(described("The outbound webhook."))
  })
]).annotate({ identifier: "AnyWebhook" })

const inbound = { id: InboundWebhookId }
const outbound = { id: OutboundWebhookId }

/** Addresses that take webhooks, and addresses that events are delivered to. */
export class WebhooksApi extends HttpApiGroup.make("webhooks")
  .add(
    HttpApiEndpoint.post("createInboundWebhook", "/webhooks/inbound", {
      headers: IdempotencyHeaders,
      payload: NewInboundWebhook,
      success: CreatedInboundWebhook.pipe(HttpApiSchema.status(201))
    })
      .middleware(Idempotency)
      .annotate(RequiredScope, "webhooks:write")
      .annotateMerge(
        OpenApi.annotations({
          summary: "Create an inbound webhook",
          description: "The address that the sender posts to is shown only in this answer."
        })
      ),
    HttpApiEndpoint.get("getInboundWebhook", "/webhooks/inbound/:id", {
      params: inbound,
      success: InboundWebhook,
      error: NotFound
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "Get an inbound webhook",
          description: "One inbound webhook, without its address and secrets."
        })
      )
      .annotate(RequiredScope, "webhooks:read"),
    HttpApiEndpoint.patch("updateInboundWebhook", "/webhooks/inbound/:id", {
      params: inbound,
      payload: InboundWebhookPatch,
      success: InboundWebhook,
      error: [NotFound, Unprocessable]
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "Update an inbound webhook",
          description: "Changes what is given. New secrets replace all the old ones."
        })
      )
      .annotate(RequiredScope, "webhooks:write"),
    HttpApiEndpoint.delete("removeInboundWebhook", "/webhooks/inbound/:id", {
      params: inbound,
      error: NotFound
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "Remove an inbound webhook",
          description: "Closes the address and removes the webhook."
        })
      )
      .annotate(RequiredScope, "webhooks:write"),
    HttpApiEndpoint.post("createOutboundWebhook", "/webhooks/outbound", {
      headers: IdempotencyHeaders,
      payload: NewOutboundWebhook,
      success: CreatedOutboundWebhook.pipe(HttpApiSchema.status(201))
    })
      .middleware(Idempotency)
      .annotate(RequiredScope, "webhooks:write")
      .annotateMerge(
        OpenApi.annotations({
          summary: "Create an outbound webhook",
          description: "The signing secret is shown only in this answer."
        })
      ),
    HttpApiEndpoint.get("getOutboundWebhook", "/webhooks/outbound/:id", {
      params: outbound,
      success: OutboundWebhook,
      error: NotFound
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "Get an outbound webhook",
          description: "One outbound webhook, without its signing secret."
        })
      )
      .annotate(RequiredScope, "webhooks:read"),
    HttpApiEndpoint.patch("updateOutboundWebhook", "/webhooks/outbound/:id", {
      params: outbound,
      payload: OutboundWebhookPatch,
      success: OutboundWebhook,
      error: [NotFound, Unprocessable]
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "Update an outbound webhook",
          description: "Changes what is given. A disabled webhook is delivered nothing."
        })
      )
      .annotate(RequiredScope, "webhooks:write"),
    HttpApiEndpoint.delete("removeOutboundWebhook", "/webhooks/outbound/:id", {
      params: outbound,
      error: NotFound
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "Remove an outbound webhook",
          description: "Removes the webhook; deliveries that are still due are dropped."
        })
      )
      .annotate(RequiredScope, "webhooks:write"),
    HttpApiEndpoint.get("listWebhooks", "/webhooks", {
      query: {
        ...PageQuery,
        ...CustomerQuery,
        direction: Schema.optionalKey(Schema.Literals(["inbound", "outbound"])).pipe(described("Only these."))
      },
      success: Page(AnyWebhook)
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "List webhooks",
          description: "Inbound and outbound webhooks, newest first."
        })
      )
      .annotate(RequiredScope, "webhooks:read"),
    HttpApiEndpoint.get("listDeliveries", "/deliveries", {
      query: {
        ...PageQuery,
        webhookId: Schema.optionalKey(OutboundWebhookId).pipe(described("Only those to this webhook.")),
        state: Schema.optionalKey(DeliveryState).pipe(described("Only those that stand there."))
      },
      success: Page(Delivery)
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "List deliveries",
          description: "Events on their way to outbound webhooks, newest first."
        })
      )
      .annotate(RequiredScope, "webhooks:read"),
    HttpApiEndpoint.get("getDelivery", "/deliveries/:id", {
      params: { id: DeliveryId },
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
    HttpApiEndpoint.get("listMessages", "/messages", {
      query: {
        ...PageQuery,
        webhookId: Schema.optionalKey(InboundWebhookId).pipe(described("Only those that this webhook took."))
      },
      success: Page(Message)
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "List messages",
          description: "Messages that inbound webhooks took, newest first."
        })
      )
      .annotate(RequiredScope, "webhooks:read"),
    HttpApiEndpoint.get("getMessage", "/messages/:id", {
      params: { id: MessageId },
      success: MessageDetail,
      error: NotFound
    })
      .annotateMerge(
        OpenApi.annotations({ summary: "Get a message", description: "One message as it was received." })
      )
      .annotate(RequiredScope, "webhooks:read")
  )
  .middleware(Authorization)
  .prefix("/v1")
  .annotate(
    OpenApi.Description,
    "Addresses that take webhooks, and addresses that events are delivered to."
  ) {}
