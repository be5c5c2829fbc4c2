import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiSchema, OpenApi } from "effect/http-api"
import { described } from "../../Described.ts"
import { Page, PageQuery } from "../../Page.ts"
import { NotFound, Unprocessable } from "../../Problem.ts"
import {
  CreatedInboundWebhook,
  InboundWebhook,
  InboundWebhookPatch,
  NewInboundWebhook
} from "../../Webhook/Inbound.ts"
import { InboundWebhookId } from "../../Webhook/Inbound/Id.ts"
import { Message, MessageDetail, MessageId } from "../../Webhook/Inbound/Message.ts"
import { Idempotency, IdempotencyHeaders, RequiredScope } from "../Middleware.ts"

const inbound = { id: InboundWebhookId }

/** Addresses that take webhooks, and the messages that they took. */
export const inboundEndpoints = [
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
] as const
