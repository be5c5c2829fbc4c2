import { Schema } from "effect"
import { typeId } from "./Id.ts"
import { IntegrationType } from "./Integration.ts"
import { shallow } from "./Json.ts"
import { CustomerId } from "./Tenant.ts"
import { Prose } from "./Text.ts"
import { InboundWebhookId } from "./Webhook/Inbound.ts"
import { OutboundWebhookId } from "./Webhook/Outbound.ts"

export const EventId = typeId("evt").pipe(Schema.brand("EventId"))
export type EventId = typeof EventId.Type

/**
 * Where an event stands in the log, for readers that resume: `transaction id - sequence`. Later events
 * have later positions, and no event ever appears before a position that was read.
 */
export const Position = Schema.String.check(
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
  .annotate({ identifier: "Position", description: "Where an event stands in the log." })
export type Position = typeof Position.Type

/** The payload of each event that the platform itself publishes. */
export const platformEvents = {
  "integration:connected": Schema.Struct({ integrationType: IntegrationType }),
  "integration:disconnected": Schema.Struct({ integrationType: IntegrationType }),
  "integration:error": Schema.Struct({ integrationType: IntegrationType, error: Schema.String }),
  "webhook:received": Schema.Struct({
    webhookId: InboundWebhookId,
    source: Schema.optionalKey(Schema.String)
  }),
  "webhook:sent": Schema.Struct({ webhookId: OutboundWebhookId, success: Schema.Boolean }),
  "oauth:refreshed": Schema.Struct({ provider: Schema.String, connectionId: Schema.String }),
  "oauth:expired": Schema.Struct({ provider: Schema.String, connectionId: Schema.String })
} as const

/** A platform event: its type and the payload that goes with it. */
export type PlatformEvent = {
  readonly [Type in keyof typeof platformEvents]: {
    readonly type: Type
    readonly data: (typeof platformEvents)[Type]["Type"]
  }
}[keyof typeof platformEvents]

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

/** The name of an event type that a tenant may publish: outside the platform's namespaces. */
export const TenantEventTypeName = EventTypeName.check(
  Schema.makeFilter(
    (name) =>
      !reservedNamespaces.has(name.split(/[.:]/, 1)[0] ?? "") ||
      `Expected a type outside the reserved namespaces (${[...reservedNamespaces].join(", ")})`
  )
).annotate({ identifier: "TenantEventTypeName", description: "An event type of the tenant's own." })

/** Something that happened, as it stands in the log. */
export class Event extends Schema.Class<Event>("Event")({
  id: EventId,
  type: EventTypeName,
  data: Schema.Json,
  customerId: Schema.optionalKey(CustomerId),
  /** The id of what it happened to, where that is one thing of the platform's. */
  subject: Schema.optionalKey(Schema.String),
  createdAt: Schema.DateTimeUtcFromString,
  position: Position
}) {}

/** An event to publish. */
export const NewEvent = Schema.Struct({
  type: TenantEventTypeName,
  data: Schema.Json.check(shallow),
  customerId: Schema.optionalKey(CustomerId)
}).annotate({
  identifier: "NewEvent",
  examples: [{ type: "invoice.paid", data: { invoice: "in_1042", amount: 4200 } }]
})
export type NewEvent = typeof NewEvent.Type

/** An event type of the tenant's own. With a schema, `publishEvent` refuses data that does not fit it. */
export class EventType extends Schema.Class<EventType>("EventType")({
  name: TenantEventTypeName,
  description: Schema.optionalKey(Prose(2000)),
  /** A JSON Schema (2020-12) for the data, without `$ref` to elsewhere and without `pattern`. */
  schema: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json).check(shallow)),
  createdAt: Schema.DateTimeUtcFromString
}) {}
