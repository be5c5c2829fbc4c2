import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiSchema, OpenApi } from "effect/http-api"
import { described } from "../../Described.ts"
import { Page, PageQuery } from "../../Page.ts"
import { Job } from "../../Job.ts"
import { Conflict, NotFound, Unprocessable } from "../../Problem.ts"
import { storable } from "../../Text.ts"
import { Timestamp } from "../../Time.ts"
import {
  CreatedInboundWebhook,
  InboundWebhook,
  InboundWebhookPatch,
  NewInboundWebhook
} from "../../Webhook/Inbound.ts"
import { InboundWebhookId } from "../../Webhook/Inbound/Id.ts"
import { Message, MessageDetail, MessageId, MessageState } from "../../Webhook/Inbound/Message.ts"
import { Rejections } from "../../Webhook/Inbound/Rejection.ts"
import { RouteName, SourceTypePattern } from "../../Webhook/Inbound/Route.ts"
import { Rotation, SigningSecrets } from "../../Webhook/Outbound.ts"
import { Idempotency, IdempotencyHeaders, RequiredScope } from "../Middleware.ts"
import { bodyOptional, optionalBody } from "../OptionalBody.ts"

const inbound = { id: InboundWebhookId }
const message = { id: MessageId }

const RouteNames = Schema.Array(RouteName).check(
  Schema.isMinLength(1),
  Schema.isMaxLength(20),
  Schema.isUnique()
)

/** How one message is handled once more. */
export const MessageReplay = Schema.Struct({
  routes: Schema.optionalKey(RouteNames).pipe(
    described("Only on these of the webhook's routes; left out: on all that take it.")
  )
}).annotate({ identifier: "MessageReplay" })

/** Which messages are handled once more. */
export const Replay = Schema.Struct({
  since: Timestamp.pipe(described("Messages that came from then on.")),
  until: Schema.optionalKey(Timestamp).pipe(described("And before then; left out: until now.")),
  states: Schema.optionalKey(
    Schema.Array(Schema.Literals(["unrouted", "dead", "cancelled", "handled"])).check(
      Schema.isMinLength(1),
      Schema.isUnique()
    )
  ).pipe(
    described(
      "Only on routes where the message stands so; `unrouted`: the route has not taken it before. Left out: " +
        "`unrouted` and `dead`."
    )
  ),
  eventTypes: Schema.optionalKey(
    Schema.Array(SourceTypePattern).check(Schema.isMinLength(1), Schema.isMaxLength(100))
  ).pipe(described("Only these of the sender's event types; left out: all.")),
  routes: MessageReplay.fields.routes
}).annotate({ identifier: "Replay" })

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
  HttpApiEndpoint.post("replayMessages", "/webhooks/inbound/:id/replay", {
    params: inbound,
    headers: IdempotencyHeaders,
    payload: Replay,
    success: Job.pipe(HttpApiSchema.status(202)),
    error: [NotFound, Unprocessable]
  })
    .middleware(Idempotency)
    .annotate(RequiredScope, "webhooks:write")
    .annotateMerge(
      OpenApi.annotations({
        summary: "Replay messages",
        description:
          "Handles messages of a time once more, oldest first, by the webhook's present routes, also while it is " +
          "disabled. What is still to be handled on a route is left as it is. The job tells how far it is."
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
    ),
  HttpApiEndpoint.get("listMessages", "/messages", {
    query: {
      ...PageQuery,
      webhookId: Schema.optionalKey(InboundWebhookId).pipe(described("Only those that this webhook took.")),
      state: Schema.optionalKey(MessageState).pipe(described("Only those that stand there.")),
      eventType: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(255), storable)).pipe(
        described("Only those with this event type of the sender's.")
      ),
      since: Schema.optionalKey(Timestamp).pipe(described("Only those that came from then on.")),
      until: Schema.optionalKey(Timestamp).pipe(described("Only those that came before."))
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
    params: message,
    success: MessageDetail,
    error: NotFound
  })
    .annotateMerge(
      OpenApi.annotations({
        summary: "Get a message",
        description:
          "One message as it was received, and what became of it on each route, with every attempt, oldest first."
      })
    )
    .annotate(RequiredScope, "webhooks:read"),
  HttpApiEndpoint.post("replayMessage", "/messages/:id/replay", {
    params: message,
    headers: IdempotencyHeaders,
    payload: optionalBody(MessageReplay),
    success: MessageDetail,
    error: [NotFound, Conflict, Unprocessable]
  })
    .middleware(Idempotency)
    .annotate(RequiredScope, "webhooks:write")
    .annotateMerge(
      OpenApi.annotations({
        summary: "Replay a message",
        description:
          "Handles it once more, whatever became of it, on every present route of its webhook that takes it, with " +
          "the retries from the start and the same message id. A route on which it is still to be handled is left " +
          "as it is. 409 when the webhook was removed.",
        transform: bodyOptional
      })
    ),
  HttpApiEndpoint.post("cancelMessage", "/messages/:id/cancel", {
    params: message,
    success: MessageDetail,
    error: [NotFound, Conflict]
  })
    .annotate(RequiredScope, "webhooks:write")
    .annotateMerge(
      OpenApi.annotations({
        summary: "Cancel a message",
        description:
          "Ends it on every route where it is still to be handled. One that blocks an order is passed over, and " +
          "what waits behind it is handled. 409 when it has ended on all of them already."
      })
    )
] as const
