import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiSchema, OpenApi } from "effect/http-api"
import { Conflict, NotFound, Unprocessable } from "../../Problem.ts"
import {
  CreatedInboundWebhook,
  InboundWebhook,
  InboundWebhookPatch,
  NewInboundWebhook
} from "../../Webhook/Inbound.ts"
import { InboundWebhookId } from "../../Webhook/Inbound/Id.ts"
import { Rejections } from "../../Webhook/Inbound/Rejection.ts"
import { Rotation, SigningSecrets } from "../../Webhook/Outbound.ts"
import { Idempotency, IdempotencyHeaders, RequiredScope } from "../Middleware.ts"
import { bodyOptional, optionalBody } from "../OptionalBody.ts"

const inbound = { id: InboundWebhookId }

/** Addresses that take webhooks. */
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
        description:
          "The address that the sender posts to is shown only in this answer. Routes to events and endpoints need the " +
          "scope `events:publish` as well."
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
    error: [NotFound, Conflict, Unprocessable]
  })
    .annotateMerge(
      OpenApi.annotations({
        summary: "Update an inbound webhook",
        description:
          "Changes what is given. New secrets replace all the old ones. What waits for a route that is removed or " +
          "renamed is dead when its turn comes. Routes to events and endpoints need the scope `events:publish` as well."
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
        description:
          "Closes the address and removes the webhook. Its messages stay; what is not handled yet is cancelled."
      })
    )
    .annotate(RequiredScope, "webhooks:write"),
  HttpApiEndpoint.get("getInboundWebhookSecret", "/webhooks/inbound/:id/secret", {
    params: inbound,
    success: SigningSecrets,
    error: [NotFound, Conflict]
  })
    .annotate(RequiredScope, "secrets:read")
    .annotateMerge(
      OpenApi.annotations({
        summary: "Get the forwarding secrets",
        description:
          "Shows what messages are signed with that the webhook forwards to a URL; 409 where it forwards to none. " +
          "The audit log tells who looked."
      })
    ),
  HttpApiEndpoint.post("rotateInboundWebhookSecret", "/webhooks/inbound/:id/rotate-secret", {
    params: inbound,
    headers: IdempotencyHeaders,
    payload: optionalBody(Rotation),
    success: SigningSecrets,
    error: [NotFound, Conflict, Unprocessable]
  })
    .middleware(Idempotency)
    .annotate(RequiredScope, "webhooks:write")
    .annotateMerge(
      OpenApi.annotations({
        summary: "Rotate the forwarding secret",
        description:
          "Makes a new secret for what is forwarded to a URL; the old one signs beside it for the overlap, a day " +
          "unless said otherwise. At most four earlier ones sign at a time. 409 where the webhook forwards to none.",
        transform: bodyOptional
      })
    ),
  HttpApiEndpoint.get("listRejections", "/webhooks/inbound/:id/rejections", {
    params: inbound,
    success: Schema.Array(Rejections),
    error: NotFound
  })
    .annotate(RequiredScope, "webhooks:read")
    .annotateMerge(
      OpenApi.annotations({
        summary: "List refused requests",
        description:
          "How many requests to the address were refused in the last 30 days, by hour and reason, newest first. " +
          "Nothing else is kept of them."
      })
    )
] as const
