import { Schema } from "effect"
import { described } from "../Described.ts"
import { HeaderName } from "../Http.ts"
import { typeId } from "../Id.ts"
import { Secret } from "../Secret.ts"
import { CustomerId, DisplayName } from "../Tenant.ts"
import { storable } from "../Text.ts"
import { Timestamp } from "../Time.ts"

/** The id of an inbound webhook; not the token in its address. */
export const InboundWebhookId = typeId("whi").pipe(Schema.brand("InboundWebhookId"))
export type InboundWebhookId = typeof InboundWebhookId.Type

/** The id of a message that an inbound webhook took. */
export const MessageId = typeId("msg").pipe(Schema.brand("MessageId"))
export type MessageId = typeof MessageId.Type

/** How GitHub proves its messages ("Validating webhook deliveries" in its documentation). */
export const GitHubScheme = Schema.Struct({
  type: Schema.tag("github").pipe(
    described("GitHub: `X-Hub-Signature-256` over the body, the event in `X-GitHub-Event`.")
  )
})

/** How senders that follow Standard Webhooks 1.0 prove their messages. */
export const StandardScheme = Schema.Struct({
  type: Schema.tag("standard").pipe(
    described(
      "Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp`, `webhook-signature`, or `svix-` in their place."
    )
  )
})

/** Any service that sends an HMAC of the body in a header. */
export const HmacScheme = Schema.Struct({
  type: Schema.tag("hmac").pipe(described("An HMAC of the body in a header.")),
  header: HeaderName.pipe(described("The header that holds the signature.")),
  algorithm: Schema.Literals(["sha256", "sha384", "sha512"]).pipe(described("The HMAC's hash.")),
  encoding: Schema.Literals(["hex", "base64"]).pipe(described("How the signature is written.")),
  prefix: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(50))).pipe(
    described("What stands before the signature in the header, such as `sha256=`.")
  ),
  idHeader: Schema.optionalKey(HeaderName).pipe(
    described("The header that holds the sender's own id of the message; with it, repeats are recorded once.")
  ),
  timestampHeader: Schema.optionalKey(HeaderName).pipe(
    described("A header with unix seconds, signed as `timestamp.body` and refused when more than 300 s off.")
  )
})

/** How a sender proves that a message is its own. */
export const InboundScheme = Schema.Union([GitHubScheme, StandardScheme, HmacScheme]).annotate({
  identifier: "InboundScheme"
})
export type InboundScheme = typeof InboundScheme.Type

/** A secret that a sender signs with, as the sender shows it. */
export const SigningSecret = Secret(
  Schema.String.check(storable, Schema.isMinLength(1), Schema.isMaxLength(1024))
)

/** An address that takes webhooks of one sender. */
export class InboundWebhook extends Schema.Class<InboundWebhook>("InboundWebhook")({
  id: InboundWebhookId.pipe(described("The webhook's id; not the token in its address.")),
  name: DisplayName.pipe(described("The webhook in the tenant's words.")),
  source: Schema.optionalKey(DisplayName).pipe(
    described("The sender in the tenant's words; goes into `webhook:received`.")
  ),
  scheme: InboundScheme.pipe(described("How the sender proves that a message is its own.")),
  customerId: Schema.optionalKey(CustomerId).pipe(
    described("The customer it belongs to; left out: the tenant itself.")
  ),
  enabled: Schema.Boolean.pipe(described("Whether the address takes messages; when not, it answers 404.")),
  createdAt: Timestamp.pipe(described("When it was created."))
}) {}

/** A new inbound webhook with its address, which is shown once. */
export class CreatedInboundWebhook extends InboundWebhook.extend<CreatedInboundWebhook>(
  "CreatedInboundWebhook"
)({
  /** Kept only as a SHA-256 of its token. */
  url: Secret(Schema.String).pipe(described("Where the sender posts to. Unguessable, and shown only here."))
}) {}

/** An inbound webhook to create. Several secrets hold at once, for rotation. */
export const NewInboundWebhook = Schema.Struct({
  name: InboundWebhook.fields.name,
  source: InboundWebhook.fields.source,
  scheme: InboundWebhook.fields.scheme,
  secrets: Schema.Array(SigningSecret)
    .check(Schema.isMinLength(1), Schema.isMaxLength(5))
    .pipe(described("What the sender signs with; each of them holds. Never shown again.")),
  customerId: InboundWebhook.fields.customerId
})
  .annotate({ identifier: "NewInboundWebhook" })
  .pipe(
    Schema.annotateEncoded({
      examples: [
        {
          name: "GitHub",
          source: "github",
          scheme: { type: "github" },
          secrets: ["the secret that GitHub signs with"]
        }
      ]
    })
  )
export type NewInboundWebhook = typeof NewInboundWebhook.Type

/** What of an inbound webhook may change. `secrets` replaces all of them. */
export const InboundWebhookPatch = Schema.Struct({
  name: Schema.optionalKey(InboundWebhook.fields.name),
  source: InboundWebhook.fields.source,
  enabled: Schema.optionalKey(InboundWebhook.fields.enabled),
  secrets: Schema.optionalKey(NewInboundWebhook.fields.secrets)
}).annotate({ identifier: "InboundWebhookPatch" })
export type InboundWebhookPatch = typeof InboundWebhookPatch.Type

/** A message that an inbound webhook took. */
export class Message extends Schema.Class<Message>("Message")({
  id: MessageId.pipe(described("The message's id.")),
  webhookId: InboundWebhookId.pipe(described("The webhook that took it.")),
  externalId: Schema.optionalKey(Schema.String).pipe(
    described("The sender's own id of the message; a second one with it is not recorded.")
  ),
  eventType: Schema.optionalKey(Schema.String).pipe(
    described("The sender's name for what happened, where the scheme carries one.")
  ),
  verified: Schema.Boolean.pipe(described("Whether the signature held.")),
  headers: Schema.Record(Schema.String, Schema.String).pipe(
    described("The request's headers, without those that may hold credentials.")
  ),
  receivedAt: Timestamp.pipe(described("When it came."))
}) {}

/** A message with its body, as it was received. */
export class MessageDetail extends Message.extend<MessageDetail>("MessageDetail")({
  body: Schema.Uint8ArrayFromBase64.pipe(described("The raw bytes, in base64."))
}) {}

/** What a sender is told of an accepted message. */
export const Receipt = Schema.Struct({
  id: Schema.optionalKey(MessageId).pipe(described("The message's id; left out for a duplicate.")),
  duplicate: Schema.Boolean.pipe(described("The message was recorded before, and starts nothing now."))
}).annotate({ identifier: "Receipt" })
