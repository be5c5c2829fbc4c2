import { Schema } from "effect"
import { described } from "../Described.ts"
import { Channels } from "../Event.ts"
import { WebUrl } from "../Http.ts"
import { typeId } from "../Id.ts"
import { Standing } from "../Integration.ts"
import { Secret } from "../Secret.ts"
import { CustomerId } from "../Tenant.ts"
import { Prose } from "../Text.ts"
import { Timestamp } from "../Time.ts"
import { CustomHeaders, VisibleHeader } from "./CustomHeader.ts"
import { DataPath } from "./DataPath.ts"
import { Filter } from "./Filter.ts"
import { RetryPolicy } from "./RetryPolicy.ts"

/** The id of an outbound webhook. */
export const OutboundWebhookId = typeId("who").pipe(Schema.brand("OutboundWebhookId"))
export type OutboundWebhookId = typeof OutboundWebhookId.Type

/**
 * Which event types an endpoint takes: a name, a name that ends in `.*` or `:*` for everything below it,
 * or `*` for everything but `webhook:*`, which an endpoint gets only by naming it.
 */
export const EventPattern = Schema.String.check(
  Schema.isPattern(/^(?:\*|[A-Za-z0-9_-]{1,64}(?:[.:][A-Za-z0-9_-]{1,64}){0,7}(?:[.:]\*)?)$/u, {
    message: "Expected an event type, a prefix such as invoice.* or *"
  })
).annotate({ identifier: "EventPattern", description: "`invoice.paid`, `invoice.*` or `*`." })

/** Every pattern that takes events of `type`: `a.b` is taken by `a.b`, `a.*` and `*`. */
export const patternsFor = (type: string): ReadonlyArray<string> => {
  const prefixes = Array.from(type.matchAll(/[.:]/g), ({ index }) => `${type.slice(0, index + 1)}*`)
  return type.startsWith("webhook:") ? [type, ...prefixes] : [type, ...prefixes, "*"]
}

/** A form of signature: `v1` is HMAC-SHA256 with a shared secret, `v1a` ed25519 with a public key. */
export const SignatureVersion = Schema.Literals(["v1", "v1a"]).annotate({
  identifier: "SignatureVersion",
  description: "`v1`: HMAC-SHA256; `v1a`: ed25519."
})
export type SignatureVersion = typeof SignatureVersion.Type

/** Events with one key reach the endpoint in the order in which they were recorded. */
export const Ordering = Schema.Struct({
  key: Schema.optionalKey(DataPath).pipe(
    described("Where in an event's data its key stands, such as `customer.id`; left out: one order for all.")
  ),
  whenExhausted: Schema.Literals(["block", "skip"]).pipe(
    described(
      "What happens when an event's retries run out: `block` holds up its key until somebody retries or " +
        "cancels the delivery, `skip` goes on with the next."
    )
  )
}).annotate({ identifier: "Ordering" })
export type Ordering = typeof Ordering.Type

/** An order to ask for. */
export const NewOrdering = Schema.Struct({
  key: Ordering.fields.key,
  whenExhausted: Schema.optionalKey(Schema.Literals(["block", "skip"])).pipe(
    described(
      "What happens when an event's retries run out: `block` holds up its key until somebody retries or " +
        "cancels the delivery, `skip` goes on with the next; left out: `block`."
    )
  )
}).annotate({ identifier: "NewOrdering" })
export type NewOrdering = typeof NewOrdering.Type

/** The order that is meant where it is not said what happens when retries run out. */
export const orderingOf = (ordering: NewOrdering): Ordering => ({ whenExhausted: "block", ...ordering })

/** Several events in one signed request. */
export const Batching = Schema.Struct({
  maxEvents: Schema.Int.check(Schema.isBetween({ minimum: 2, maximum: 100 })).pipe(
    described("The most events of one request.")
  ),
  maxWaitMs: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60_000 })).pipe(
    described("How long an event waits for others, in milliseconds.")
  )
}).annotate({ identifier: "Batching" })
export type Batching = typeof Batching.Type

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** An address of the tenant's or its customer's that events are delivered to. */
export class OutboundWebhook extends Schema.Class<OutboundWebhook>("OutboundWebhook")({
  id: OutboundWebhookId.pipe(described("The webhook's id.")),
  url: WebUrl.pipe(described("Where events are delivered to.")),
  description: Schema.optionalKey(Prose(500)).pipe(described("What it is for, in the tenant's words.")),
  eventTypes: Schema.Array(EventPattern).pipe(described("The events that it takes.")),
  channels: Schema.optionalKey(Channels).pipe(
    described("Set: of these it takes only events that were published to one of these channels.")
  ),
  filter: Schema.optionalKey(Filter).pipe(described("Set: of these it takes only events whose data fit.")),
  customerId: Schema.optionalKey(CustomerId).pipe(
    described("Set: it takes this customer's events and no others.")
  ),
  ...Standing,
  status: Schema.Literals(["active", "error", "suspended"]).pipe(
    described(
      "`active`: events are delivered; `suspended`: paused by somebody; `error`: disabled after failures or " +
        "by a 410. What comes while it is not active is recorded as skipped."
    )
  ),
  failingSince: Schema.optionalKey(Timestamp).pipe(
    described("Since when every attempt has failed; left out: the last one succeeded.")
  ),
  heldUntil: Schema.optionalKey(Timestamp).pipe(
    described("Nothing is sent before: the receiver asked for it, or has failed many times in a row.")
  ),
  signatures: Schema.Array(SignatureVersion)
    .check(Schema.isMinLength(1), Schema.isUnique())
    .pipe(described("How deliveries are signed.")),
  publicKey: Schema.optionalKey(Schema.String).pipe(
    described("What `v1a` signatures are verified with, `whpk_` and base64.")
  ),
  headers: Schema.Array(VisibleHeader).pipe(
    described("Headers that deliveries carry besides the standard ones.")
  ),
  retry: RetryPolicy.pipe(described("When a delivery that failed is tried again.")),
  concurrency: between(1, 100).pipe(described("How many requests may be under way at a time.")),
  rateLimit: Schema.optionalKey(between(1, 10_000)).pipe(
    described("How many requests may begin in a second; left out: no bound.")
  ),
  timeoutSeconds: between(1, 30).pipe(
    described("How long an attempt may take, from the name's resolution to the answer's last byte.")
  ),
  ordering: Schema.optionalKey(Ordering).pipe(described("Set: events are delivered in order.")),
  batching: Schema.optionalKey(Batching).pipe(described("Set: a request may hold several events.")),
  disableAfterHours: between(1, 720).pipe(
    described("After how many hours of nothing but failure it is disabled.")
  ),
  createdAt: Timestamp.pipe(described("When it was created."))
}) {}

const secrets = {
  secret: Secret(Schema.String).pipe(described("What `v1` signatures are made with, `whsec_` and base64.")),
  publicKey: OutboundWebhook.fields.publicKey
}

/** A new outbound webhook with its signing secret, `whsec_` and base64, which is shown once. */
export class CreatedOutboundWebhook extends OutboundWebhook.extend<CreatedOutboundWebhook>(
  "CreatedOutboundWebhook"
)({
  secret: Secret(Schema.String).pipe(
    described("What deliveries are signed with, `whsec_` and base64: shown only here.")
  )
}) {}

/** What deliveries are signed with now, and what signs beside it while a rotation lasts. */
export class SigningSecrets extends Schema.Class<SigningSecrets>("SigningSecrets")({
  ...secrets,
  previous: Schema.Array(
    Schema.Struct({
      ...secrets,
      until: Timestamp.pipe(described("When it stops signing."))
    }).annotate({ identifier: "PreviousSigningSecret" })
  ).pipe(described("Earlier ones that still sign, newest first."))
}) {}

const optional = {
  description: OutboundWebhook.fields.description,
  channels: OutboundWebhook.fields.channels,
  filter: OutboundWebhook.fields.filter,
  signatures: Schema.optionalKey(OutboundWebhook.fields.signatures).pipe(
    described("How deliveries are signed; left out when created: `v1`.")
  ),
  headers: Schema.optionalKey(CustomHeaders).pipe(
    described("Headers that deliveries carry besides the standard ones.")
  ),
  retry: Schema.optionalKey(RetryPolicy).pipe(
    described("When a delivery that failed is tried again; left out when created: the default schedule.")
  ),
  concurrency: Schema.optionalKey(OutboundWebhook.fields.concurrency).pipe(
    described("How many requests may be under way at a time; left out when created: 16.")
  ),
  rateLimit: OutboundWebhook.fields.rateLimit,
  timeoutSeconds: Schema.optionalKey(OutboundWebhook.fields.timeoutSeconds).pipe(
    described("How many seconds an attempt may take; left out when created: 15.")
  ),
  ordering: Schema.optionalKey(NewOrdering).pipe(described("Set: events are delivered in order.")),
  batching: OutboundWebhook.fields.batching,
  disableAfterHours: Schema.optionalKey(OutboundWebhook.fields.disableAfterHours).pipe(
    described("After how many hours of nothing but failure it is disabled; left out when created: 120.")
  )
}

/** An outbound webhook to create. */
export const NewOutboundWebhook = Schema.Struct({
  url: OutboundWebhook.fields.url,
  eventTypes: Schema.Array(EventPattern)
    .check(Schema.isMinLength(1), Schema.isMaxLength(100))
    .pipe(described("The events to deliver.")),
  customerId: OutboundWebhook.fields.customerId,
  ...optional
}).annotate({
  identifier: "NewOutboundWebhook",
  examples: [{ url: "https://example.com/webhooks", eventTypes: ["invoice.*", "webhook:received"] }]
})
export type NewOutboundWebhook = typeof NewOutboundWebhook.Type

const orNull = <Field extends Schema.Top>(field: Field) => Schema.optionalKey(Schema.NullOr(field))

/** What of an outbound webhook may change; `null` takes away what may be left out. */
export const OutboundWebhookPatch = Schema.Struct({
  url: Schema.optionalKey(OutboundWebhook.fields.url),
  eventTypes: Schema.optionalKey(NewOutboundWebhook.fields.eventTypes),
  ...optional,
  channels: orNull(Channels).pipe(described("The channels to take events of; `null`: all.")),
  filter: orNull(Filter).pipe(described("What an event's data have to fit; `null`: anything.")),
  rateLimit: orNull(between(1, 10_000)).pipe(
    described("How many requests may begin in a second; `null`: no bound.")
  ),
  ordering: orNull(NewOrdering).pipe(described("The order to deliver in; `null`: none.")),
  batching: orNull(Batching).pipe(described("How to batch; `null`: one event a request."))
}).annotate({ identifier: "OutboundWebhookPatch" })
export type OutboundWebhookPatch = typeof OutboundWebhookPatch.Type

/** How a signing secret is replaced. */
export const Rotation = Schema.Struct({
  overlapSeconds: Schema.optionalKey(between(0, 604_800)).pipe(
    described("How long the old secret signs beside the new one, up to 7 days; left out: a day.")
  )
}).annotate({ identifier: "Rotation" })
