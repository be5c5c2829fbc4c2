import { Schema } from "effect"
import { HeaderName } from "../Http.ts"
import { typeId } from "../Id.ts"
import { CustomerId, DisplayName } from "../Tenant.ts"
import { storable } from "../Text.ts"

export const InboundWebhookId = typeId("whi").pipe(Schema.brand("InboundWebhookId"))
export type InboundWebhookId = typeof InboundWebhookId.Type

export const MessageId = typeId("msg").pipe(Schema.brand("MessageId"))
export type MessageId = typeof MessageId.Type

/** GitHub: `X-Hub-Signature-256` over the body, the event in `X-GitHub-Event`. */
export const GitHubScheme = Schema.Struct({ type: Schema.tag("github") })

/** Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp`, `webhook-signature`, or `svix-` in their place. */
export const StandardScheme = Schema.Struct({ type: Schema.tag("standard") })

/** Any service that sends an HMAC of the body in a header. */
export const HmacScheme = Schema.Struct({
  type: Schema.tag("hmac"),
  header: HeaderName,
  algorithm: Schema.Literals(["sha256", "sha384", "sha512"]),
  encoding: Schema.Literals(["hex", "base64"]),
  /** What stands before the signature in the header, such as `sha256=`. */
  prefix: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(50))),
  /** The header that holds the sender's own id of the message; with it, repeats are recorded once. */
  idHeader: Schema.optionalKey(HeaderName),
  /** A header with unix seconds, signed as `timestamp.body` and refused when more than 300 s off. */
  timestampHeader: Schema.optionalKey(HeaderName)
})

/** How a sender proves that a message is its own. */
export const InboundScheme = Schema.Union([GitHubScheme, StandardScheme, HmacScheme]).annotate({
  identifier: "InboundScheme"
})
export type InboundScheme = typeof InboundScheme.Type

/** A secret that a sender signs with, as the sender shows it. */
export const SigningSecret = Schema.RedactedFromValue(
  Schema.NonEmptyString.check(Schema.isMaxLength(1024), storable).annotate({ format: "password" })
)

/** An address that takes webhooks of one sender. */
export class InboundWebhook extends Schema.Class<InboundWebhook>("InboundWebhook")({
  id: InboundWebhookId,
  name: DisplayName,
  /** The sender in the tenant's words; goes into `webhook:received`. */
  source: Schema.optionalKey(DisplayName),
  scheme: InboundScheme,
  customerId: Schema.optionalKey(CustomerId),
  enabled: Schema.Boolean,
  createdAt: Schema.DateTimeUtcFromString
}) {}

/** A new inbound webhook with its address, which is shown once. */
export class CreatedInboundWebhook extends InboundWebhook.extend<CreatedInboundWebhook>(
  "CreatedInboundWebhook"
)({
  /** Where the sender posts to. Unguessable; kept only as a SHA-256 of its token. */
  url: Schema.RedactedFromValue(Schema.String)
}) {}

/** An inbound webhook to create. Several secrets hold at once, for rotation. */
export const NewInboundWebhook = Schema.Struct({
  name: DisplayName,
  source: Schema.optionalKey(DisplayName),
  scheme: InboundScheme,
  secrets: Schema.Array(SigningSecret).check(Schema.isMinLength(1), Schema.isMaxLength(5)),
  customerId: Schema.optionalKey(CustomerId)
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
  name: Schema.optionalKey(DisplayName),
  source: Schema.optionalKey(DisplayName),
  enabled: Schema.optionalKey(Schema.Boolean),
  secrets: Schema.optionalKey(NewInboundWebhook.fields.secrets)
}).annotate({ identifier: "InboundWebhookPatch" })
export type InboundWebhookPatch = typeof InboundWebhookPatch.Type

/** A verified message as it was received. */
export class Message extends Schema.Class<Message>("Message")({
  id: MessageId,
  webhookId: InboundWebhookId,
  /** The sender's own id of the message; a second one with it is not recorded. */
  externalId: Schema.optionalKey(Schema.String),
  /** The sender's name for what happened, where the scheme carries one. */
  eventType: Schema.optionalKey(Schema.String),
  verified: Schema.Boolean,
  headers: Schema.Record(Schema.String, Schema.String),
  /** The raw bytes, in base64. */
  body: Schema.Uint8ArrayFromBase64,
  receivedAt: Schema.DateTimeUtcFromString
}) {}

/** What a sender is told of an accepted message. */
export const Receipt = Schema.Struct({
  id: Schema.optionalKey(MessageId),
  /** The message was recorded before, and starts nothing now. */
  duplicate: Schema.Boolean
}).annotate({ identifier: "Receipt" })
