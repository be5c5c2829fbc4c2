import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { described } from "../Described.ts"
import {
  AddressNotAllowed,
  InternalError,
  InvalidSignature,
  MethodNotAllowed,
  NotFound,
  PayloadTooLarge,
  ProviderNotConfigured,
  RequestTimeout,
  TooManyRequests,
  UnsupportedMediaType
} from "../Problem.ts"
import { Receipt } from "../Webhook/Inbound/Message.ts"

/** The vendors that send webhooks to the platform itself. */
export const IngressProvider = Schema.Literals(["stripe", "workos", "github"]).annotate({
  identifier: "IngressProvider",
  description: "A vendor that sends webhooks to the platform itself."
})
export type IngressProvider = typeof IngressProvider.Type

/** What a sender posts, whatever its content type. */
const Delivered = Schema.Json.annotate({
  identifier: "InboundBody",
  description: "The message as the sender writes it, up to 1 MiB; its signature is over these bytes."
}).pipe(HttpApiSchema.asJson({ contentType: "*/*" }))

/**
 * Where senders post to, for the document alone: a sender is no user of the typed client, and what is
 * verified is the raw body.
 */
export class IngressApi extends HttpApiGroup.make("ingress")
  .add(
    HttpApiEndpoint.post("receiveMessage", "/in/:token", {
      params: {
        token: Schema.String.pipe(
          described("The last segment of the address that the webhook was created with.")
        )
      },
      payload: Delivered,
      success: Receipt,
      error: [
        AddressNotAllowed,
        InternalError,
        InvalidSignature,
        MethodNotAllowed,
        NotFound,
        PayloadTooLarge,
        RequestTimeout,
        TooManyRequests,
        UnsupportedMediaType
      ]
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Receive a message",
        description:
          "Takes a message that its signature proves; a webhook may take `PUT` and `PATCH` too. A 2xx means that it is " +
          "on disk, with everything that is to be done with it. The answer is a receipt, which tells a repetition by " +
          "`duplicate`, unless the sender wants another one (Slack, Discord, Twilio) or the webhook has a `reply` of its own."
      })
    ),
    HttpApiEndpoint.post("receiveProviderMessage", "/in/provider/:type", {
      params: { type: IngressProvider.pipe(described("The vendor.")) },
      payload: Delivered,
      success: Receipt,
      error: [
        InternalError,
        InvalidSignature,
        MethodNotAllowed,
        NotFound,
        PayloadTooLarge,
        ProviderNotConfigured,
        RequestTimeout
      ]
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Receive a vendor's message",
        description:
          "Where the platform's own webhooks at Stripe, WorkOS and GitHub post to: `PUBLIC_URL` with this path is the " +
          "URL for the vendor's settings. The operator sets the secret, as in `STRIPE_WEBHOOK_SECRET`; 503 without it."
      })
    )
  )
  .annotate(OpenApi.Description, "Where the senders of inbound webhooks post to.") {}
