import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiSchema, OpenApi } from "effect/http-api"
import { described } from "../../Described.ts"
import { Job } from "../../Job.ts"
import { Page, PageQuery } from "../../Page.ts"
import { Conflict, NotFound, Unprocessable } from "../../Problem.ts"
import { storable } from "../../Text.ts"
import { Timestamp } from "../../Time.ts"
import { InboundWebhookId } from "../../Webhook/Inbound/Id.ts"
import { Message, MessageDetail, MessageId, MessageState } from "../../Webhook/Inbound/Message.ts"
import { RouteName, SourceTypePattern } from "../../Webhook/Inbound/Route.ts"
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

/** The messages that inbound webhooks took. */
export const messageEndpoints = [
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
    )
] as const
