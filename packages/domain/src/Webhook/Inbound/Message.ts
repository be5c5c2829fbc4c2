import { Schema } from "effect"
import { described } from "../../Described.ts"
import { typeId } from "../../Id.ts"
import { Timestamp } from "../../Time.ts"
import { InboundWebhookId } from "./Id.ts"
import { RouteName } from "./Route.ts"

/** The id of a message that an inbound webhook took. */
export const MessageId = typeId("msg").pipe(Schema.brand("MessageId"))
export type MessageId = typeof MessageId.Type

/** Where a message stands on one route. */
export const HandlingState = Schema.Literals(["pending", "failed", "handled", "dead", "cancelled"]).annotate({
  identifier: "HandlingState",
  description:
    "`pending`: not tried yet; `failed`: tried, another attempt follows; `handled`: done; `dead`: the retries ran " +
    "out, or no retry could help; `cancelled`: somebody ended it."
})
export type HandlingState = typeof HandlingState.Type

/** Where a message stands on all its routes: the worst of them. */
export const MessageState = Schema.Literals([
  "unrouted",
  "pending",
  "failed",
  "handled",
  "dead",
  "cancelled"
]).annotate({
  identifier: "MessageState",
  description:
    "`unrouted`: no route took it; `pending`: not tried yet; `failed`: a handler failed, another attempt follows; " +
    "`handled`: every route is done; `dead`: the retries of a route ran out, or no retry could " +
    "help; `cancelled`: somebody ended it, or the webhook was removed before."
})
export type MessageState = typeof MessageState.Type

/** A message that an inbound webhook took. */
export class Message extends Schema.Class<Message>("Message")({
  id: MessageId.pipe(described("The message's id; handlers get it too, the same at every attempt.")),
  webhookId: InboundWebhookId.pipe(described("The webhook that took it.")),
  externalId: Schema.optionalKey(Schema.String).pipe(
    described(
      "The sender's own id of the message, its first 255 characters; a second one with it is not recorded."
    )
  ),
  eventType: Schema.optionalKey(Schema.String).pipe(
    described("The sender's name for what happened, its first 255 characters.")
  ),
  verified: Schema.Boolean.pipe(
    described("Whether it was proved to be the sender's: not under scheme `none`.")
  ),
  state: MessageState.pipe(described("Where it stands on its routes.")),
  headers: Schema.Record(Schema.String, Schema.String).pipe(
    described("The request's headers, without those that may hold credentials.")
  ),
  receivedAt: Timestamp.pipe(described("When it came."))
}) {}

/** One try to handle a message. */
export const HandlingAttempt = Schema.Struct({
  number: Schema.Int.pipe(described("Which try it was, from 1.")),
  at: Timestamp.pipe(described("When it began.")),
  durationMs: Schema.Int.pipe(described("How long it took, in milliseconds.")),
  status: Schema.optionalKey(Schema.Int).pipe(
    described("The HTTP status, where it was forwarded and answered.")
  ),
  error: Schema.optionalKey(Schema.String).pipe(described("Why it failed; left out: it did not."))
}).annotate({ identifier: "HandlingAttempt" })
export type HandlingAttempt = typeof HandlingAttempt.Type

/** A message on one of its routes. */
export const Handling = Schema.Struct({
  route: RouteName.pipe(described("The route that took it.")),
  state: HandlingState.pipe(described("Where it stands there.")),
  attempts: Schema.Int.pipe(described("Attempts made so far.")),
  nextAttemptAt: Schema.optionalKey(Timestamp).pipe(
    described("When the next attempt is due; left out when none follows.")
  ),
  blocking: Schema.optionalKey(Schema.Literal(true)).pipe(
    described("It is dead and holds up what follows it in its order, until it is replayed or cancelled.")
  ),
  error: Schema.optionalKey(Schema.String).pipe(described("What the last attempt failed of.")),
  attemptLog: Schema.Array(HandlingAttempt).pipe(described("Every attempt that was made, oldest first."))
}).annotate({ identifier: "Handling" })
export type Handling = typeof Handling.Type

/** A message with its body, as it was received, and what became of it. */
export class MessageDetail extends Message.extend<MessageDetail>("MessageDetail")({
  body: Schema.Uint8ArrayFromBase64.pipe(described("The raw bytes, in base64.")),
  handlings: Schema.Array(Handling).pipe(described("What became of it on each route that took it."))
}) {}

/** What a sender is told of an accepted message, unless its source or its webhook says otherwise. */
export const Receipt = Schema.Struct({
  id: Schema.optionalKey(MessageId).pipe(described("The message's id; left out for a duplicate.")),
  duplicate: Schema.Boolean.pipe(described("The message was recorded before, and starts nothing now."))
}).annotate({ identifier: "Receipt" })
export type Receipt = typeof Receipt.Type
