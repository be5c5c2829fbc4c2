import { Schema } from "effect"
import { described } from "./Described.ts"
import { typeId } from "./Id.ts"
import { shallow } from "./Json.ts"
import { Page } from "./Page.ts"
import { CustomerId } from "./Tenant.ts"
import { Prose } from "./Text.ts"
import { Timestamp } from "./Time.ts"

/** The id of an event; what receivers deduplicate by. */
export const EventId = typeId("evt").pipe(Schema.brand("EventId"))
export type EventId = typeof EventId.Type

/**
 * Where an event stands in the log, for readers that resume: `transaction id - sequence`. Later events
 * have later positions, and no event ever appears before a position that was read.
 */
export const Position = Schema.String.annotate({ description: "Where an event stands in the log." })
  .check(
    Schema.makeFilter((text) => {
      const [, xid, sequence] = /^(\d{1,20})-(\d{1,19})$/.exec(text) ?? []
      return (
        (xid !== undefined &&
          sequence !== undefined &&
          BigInt(xid) < 2n ** 64n &&
          BigInt(sequence) < 2n ** 63n) ||
        "Expected the position of an event"
      )
    })
  )
  .pipe(Schema.brand("Position"))
  .annotate({ identifier: "Position" })
export type Position = typeof Position.Type

/** First segments of event types that only the platform publishes. */
export const reservedNamespaces: ReadonlySet<string> = new Set([
  "integration",
  "webhook",
  "oauth",
  "credential",
  "endpoint",
  "directory",
  "delivery",
  "platform"
])

/** The name of any event type: 1 to 8 segments joined by dots or colons, such as `invoice.paid`. */
export const EventTypeName = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9_-]{1,64}(?:[.:][A-Za-z0-9_-]{1,64}){0,7}$/u, {
    message: "Expected 1 to 8 segments of letters, digits, _ or -, joined by dots or colons"
  })
).annotate({ identifier: "EventTypeName", description: "Such as `invoice.paid`." })

/** The type of a webhook that holds several events. No event has it, or receivers could not tell them apart. */
export const batchType = "batch"

/** The name of an event type that a tenant may publish: outside the platform's namespaces. */
export const TenantEventTypeName = EventTypeName.annotate({
  description: "An event type of the tenant's own, such as `invoice.paid`: outside the platform's namespaces."
})
  .check(
    Schema.makeFilter(
      (name) =>
        !reservedNamespaces.has(name.split(/[.:]/, 1)[0] ?? "") ||
        `Expected a type outside the reserved namespaces (${[...reservedNamespaces].join(", ")})`
    ),
    Schema.makeFilter((name) => name !== batchType || "Expected another type than batch, which is reserved")
  )
  .annotate({ identifier: "TenantEventTypeName" })

/** Names that an event is published to beside its type, such as a project or a region: 1 to 10 of them. */
export const Channels = Schema.Array(
  Schema.String.check(
    Schema.isPattern(/^[A-Za-z0-9_.:-]{1,128}$/u, {
      message: "Expected 1 to 128 letters, digits, _, ., : or -"
    })
  )
)
  .check(Schema.isMinLength(1), Schema.isMaxLength(10), Schema.isUnique())
  .annotate({
    identifier: "Channels",
    description:
      "Names of the tenant's own, such as a project or a region: 1 to 10 of them, each of 1 to 128 letters, digits, " +
      "`_`, `.`, `:` or `-`."
  })

/** Something that happened, as it stands in the log. */
export class Event extends Schema.Class<Event>("Event")({
  id: EventId.pipe(described("The event's id.")),
  type: EventTypeName.pipe(described("What happened, such as `invoice.paid`.")),
  data: Schema.Json.pipe(described("What there is to say of it, as its type has it.")),
  customerId: Schema.optionalKey(CustomerId).pipe(
    described("The customer it concerns; left out: the tenant itself.")
  ),
  channels: Schema.optionalKey(Channels).pipe(
    described("Set: webhooks that name channels take it only if they name one of these.")
  ),
  subject: Schema.optionalKey(Schema.String).pipe(
    described("The id of what it happened to, where that is one thing of the platform's.")
  ),
  createdAt: Timestamp.pipe(described("When it was recorded.")),
  position: Position.pipe(described("Where it stands in the log, to resume from."))
}) {}

/** One page of the log, newest first, with where a stream begins that is to miss nothing after it. */
export const EventPage = Schema.Struct({
  ...Page(Event).fields,
  horizon: Position.pipe(
    described(
      "Where to begin a stream that misses nothing: what this page does not hold stands after it. " +
        "Some events of the page may come again."
    )
  )
}).annotate({ identifier: "EventPage" })
export type EventPage = typeof EventPage.Type

/** An event to publish. */
export const NewEvent = Schema.Struct({
  type: TenantEventTypeName.pipe(described("What happened, such as `invoice.paid`.")),
  data: Schema.Json.check(shallow).pipe(described("Any JSON that fits the type's schema, if it has one.")),
  customerId: Event.fields.customerId,
  channels: Event.fields.channels
}).annotate({
  identifier: "NewEvent",
  examples: [{ type: "invoice.paid", data: { invoice: "in_1042", amount: 4200 } }]
})
export type NewEvent = typeof NewEvent.Type

/** An event type of the tenant's own. With a schema, `publishEvent` refuses data that does not fit it. */
export class EventType extends Schema.Class<EventType>("EventType")({
  name: TenantEventTypeName.pipe(described("The type that events are published with.")),
  description: Schema.optionalKey(Prose(2000)).pipe(described("What it says, for the people who use it.")),
  schema: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json).check(shallow)).pipe(
    described("A JSON Schema (2020-12) for the data, without `$ref` to elsewhere and without `pattern`.")
  ),
  createdAt: Timestamp.pipe(described("When it was declared."))
}) {}
