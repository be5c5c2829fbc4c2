import { Schema } from "effect"
import { described } from "../Described.ts"
import { Secret } from "../Secret.ts"
import { CustomerId, DisplayName } from "../Tenant.ts"
import { storable } from "../Text.ts"
import { Timestamp } from "../Time.ts"
import { InboundWebhookId } from "./Inbound/Id.ts"
import { Dedupe, Locator } from "./Inbound/Locator.ts"
import { Network } from "./Inbound/Network.ts"
import { Routes } from "./Inbound/Route.ts"
import { InboundScheme, SigningSecret } from "./Inbound/Scheme.ts"
import { NewOrdering, Ordering } from "./Outbound.ts"
import { RetryPolicy } from "./RetryPolicy.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** The methods that an address may take. */
export const InboundMethod = Schema.Literals(["POST", "PUT", "PATCH"])

/** A content type without parameters, such as `application/json`. */
const ContentType = Schema.String.check(
  Schema.isPattern(/^[a-z0-9!#$&^_.+-]{1,100}\/[a-z0-9!#$&^_.+-]{1,100}$/u, {
    message: "Expected a content type in lower case without parameters, such as application/json"
  })
)

/** What a sender is answered when its message was taken. */
export const InboundReply = Schema.Struct({
  status: between(200, 299).pipe(described("The status.")),
  contentType: Schema.optionalKey(ContentType).pipe(
    described("The content type of `body`; left out: `text/plain`.")
  ),
  body: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(4096), storable)).pipe(
    described("The body; left out: none, as 204 and 205 want it.")
  )
})
  .check(
    // RFC 9110, sections 15.3.5 and 15.3.6.
    Schema.makeFilter(({ body, status }) =>
      body !== undefined && (status === 204 || status === 205)
        ? { path: ["body"], issue: `Expected none with status ${status}` }
        : undefined
    )
  )
  .annotate({ identifier: "InboundReply" })
export type InboundReply = typeof InboundReply.Type

/** An address that takes webhooks of one sender. */
export class InboundWebhook extends Schema.Class<InboundWebhook>("InboundWebhook")({
  id: InboundWebhookId.pipe(described("The webhook's id; not the token in its address.")),
  name: DisplayName.pipe(described("The webhook in the tenant's words.")),
  source: Schema.optionalKey(DisplayName).pipe(
    described("The sender in the tenant's words; goes into `webhook:received`.")
  ),
  scheme: InboundScheme.pipe(described("How the sender proves that a message is its own.")),
  dedupe: Schema.optionalKey(Dedupe).pipe(
    described("How a repetition is told, for at least 7 days; left out: as the scheme's vendor has it.")
  ),
  eventType: Schema.optionalKey(Locator).pipe(
    described("Where the sender's event type stands; left out: where the scheme's vendor has it.")
  ),
  routes: Routes.pipe(described("What becomes of messages: every route that takes one gets it.")),
  retry: RetryPolicy.pipe(described("When a message that a route failed to handle is tried again.")),
  concurrency: between(1, 100).pipe(described("How many messages are handled at a time.")),
  ordering: Schema.optionalKey(Ordering).pipe(
    described("Set: messages are handled in the order in which they came.")
  ),
  methods: Schema.Array(InboundMethod)
    .check(Schema.isMinLength(1), Schema.isUnique())
    .pipe(described("The methods that the address takes; others are 405.")),
  contentTypes: Schema.optionalKey(
    Schema.Array(ContentType).check(Schema.isMinLength(1), Schema.isMaxLength(20))
  ).pipe(described("The content types that it takes; others are 415. Left out: all.")),
  allowedNetworks: Schema.optionalKey(
    Schema.Array(Network).check(Schema.isMinLength(1), Schema.isMaxLength(100))
  ).pipe(described("The networks that requests may come from; others are 403. Left out: all.")),
  rateLimit: Schema.optionalKey(between(1, 10_000)).pipe(
    described(
      "Requests in a second that it takes on each node, on average over ten; more are 429. Left out: no bound."
    )
  ),
  reply: Schema.optionalKey(InboundReply).pipe(
    described(
      "What a sender is answered when its message was taken; left out: as the scheme's vendor wants it."
    )
  ),
  customerId: Schema.optionalKey(CustomerId).pipe(
    described("The customer it belongs to; left out: the tenant itself.")
  ),
  enabled: Schema.Boolean.pipe(described("Whether the address takes messages; when not, it answers 404.")),
  lastActivityAt: Schema.optionalKey(Timestamp).pipe(described("When the last message came.")),
  createdAt: Timestamp.pipe(described("When it was created."))
}) {}

/** A new inbound webhook with its address, which is shown once. */
export class CreatedInboundWebhook extends InboundWebhook.extend<CreatedInboundWebhook>(
  "CreatedInboundWebhook"
)({
  /** Kept only as a SHA-256 of its token. */
  url: Secret(Schema.String).pipe(described("Where the sender posts to. Unguessable, and shown only here."))
}) {}

const Secrets = Schema.Array(SigningSecret)
  .check(Schema.isMaxLength(5))
  .pipe(
    described(
      "What the sender proves its messages with, as it shows it; each of them holds, for rotation. At least one, " +
        "and none under scheme `none`. Never shown again."
    )
  )

const optional = {
  dedupe: InboundWebhook.fields.dedupe,
  eventType: InboundWebhook.fields.eventType,
  routes: Schema.optionalKey(Routes).pipe(
    described(
      "What becomes of messages: every route that takes one gets it; left out when created: nothing more."
    )
  ),
  retry: Schema.optionalKey(RetryPolicy).pipe(
    described(
      "When a message that a route failed to handle is tried again; left out when created: the default schedule."
    )
  ),
  concurrency: Schema.optionalKey(InboundWebhook.fields.concurrency).pipe(
    described("How many messages are handled at a time; left out when created: 8.")
  ),
  ordering: Schema.optionalKey(NewOrdering).pipe(
    described("Set: messages are handled in the order in which they came.")
  ),
  methods: Schema.optionalKey(InboundWebhook.fields.methods).pipe(
    described("The methods that the address takes; left out when created: `POST`.")
  ),
  contentTypes: InboundWebhook.fields.contentTypes,
  allowedNetworks: InboundWebhook.fields.allowedNetworks,
  rateLimit: InboundWebhook.fields.rateLimit,
  reply: InboundWebhook.fields.reply
}

/** An inbound webhook to create. */
export const NewInboundWebhook = Schema.Struct({
  name: InboundWebhook.fields.name,
  source: InboundWebhook.fields.source,
  scheme: InboundWebhook.fields.scheme,
  secrets: Schema.optionalKey(Secrets),
  customerId: InboundWebhook.fields.customerId,
  ...optional
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

const orNull = <Field extends Schema.Top>(field: Field) => Schema.optionalKey(Schema.NullOr(field))

/** What of an inbound webhook may change; `null` takes away what may be left out. */
export const InboundWebhookPatch = Schema.Struct({
  name: Schema.optionalKey(InboundWebhook.fields.name),
  source: InboundWebhook.fields.source,
  enabled: Schema.optionalKey(InboundWebhook.fields.enabled),
  secrets: Schema.optionalKey(Secrets),
  ...optional,
  dedupe: orNull(Dedupe).pipe(described("How a repetition is told; `null`: as the scheme's vendor has it.")),
  eventType: orNull(Locator).pipe(
    described("Where the sender's event type stands; `null`: where the scheme's vendor has it.")
  ),
  ordering: orNull(NewOrdering).pipe(described("The order to handle in; `null`: none.")),
  contentTypes: orNull(Schema.Array(ContentType).check(Schema.isMinLength(1), Schema.isMaxLength(20))).pipe(
    described("The content types that it takes; `null`: all.")
  ),
  allowedNetworks: orNull(Schema.Array(Network).check(Schema.isMinLength(1), Schema.isMaxLength(100))).pipe(
    described("The networks that requests may come from; `null`: all.")
  ),
  rateLimit: orNull(between(1, 10_000)).pipe(
    described("Requests in a second that it takes on each node; `null`: no bound.")
  ),
  reply: orNull(InboundReply).pipe(
    described("What a sender is answered; `null`: as the scheme's vendor wants it.")
  )
}).annotate({ identifier: "InboundWebhookPatch" })
export type InboundWebhookPatch = typeof InboundWebhookPatch.Type
