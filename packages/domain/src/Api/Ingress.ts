import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { described } from "../Described.ts"
import { InternalError, InvalidSignature, NotFound, PayloadTooLarge } from "../Problem.ts"
import { Receipt } from "../Webhook/Inbound/Message.ts"

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
      error: [InvalidSignature, NotFound, PayloadTooLarge, InternalError]
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Receive a message",
        description: "Takes a message that its signature proves. The answer means that it is on disk."
      })
    )
  )
  .annotate(OpenApi.Description, "Where the senders of inbound webhooks post to.") {}
