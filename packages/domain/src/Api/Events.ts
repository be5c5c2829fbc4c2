import { Schema, Struct } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { described } from "../Described.ts"
import { Event, EventPage, EventType, EventTypeName, NewEvent, Position } from "../Event.ts"
import { Page, PageQuery } from "../Page.ts"
import { Conflict, Unprocessable } from "../Problem.ts"
import { CustomerQuery } from "./CustomerQuery.ts"
import { Authorization, Idempotency, IdempotencyHeaders, RequiredScope, TenantWide } from "./Middleware.ts"

/** One event on the stream. */
export const EventMessage = Schema.Struct({
  id: Position.pipe(described("The event's position, to resume from with `Last-Event-ID`.")),
  event: Schema.tag("event").pipe(described("Every message is one event of the log.")),
  data: Schema.fromJsonString(Event).pipe(
    Schema.annotateEncoded({ identifier: "EventJson", description: "An event as JSON text." }),
    described("The event as JSON text.")
  )
}).annotate({ identifier: "EventMessage" })

const filter = {
  ...CustomerQuery,
  type: Schema.optionalKey(EventTypeName).pipe(described("Only events of this type."))
}

/** What happened: the log, the stream and the tenant's own events. */
export class EventsApi extends HttpApiGroup.make("events")
  .add(
    HttpApiEndpoint.post("publishEvent", "/events", {
      headers: IdempotencyHeaders,
      payload: NewEvent,
      success: Event.pipe(HttpApiSchema.status(201)),
      error: Unprocessable
    })
      .annotate(RequiredScope, "events:publish")
      .annotateMerge(
        OpenApi.annotations({
          summary: "Publish an event",
          description: "The answer means that the event and its deliveries are on disk."
        })
      ),
    HttpApiEndpoint.get("listEvents", "/events", {
      query: {
        ...PageQuery,
        cursor: Schema.optionalKey(Position).pipe(described("The `nextCursor` of the page before.")),
        ...filter
      },
      success: EventPage
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "List events",
          description: "Events of the platform and of the tenant, newest first."
        })
      )
      .annotate(RequiredScope, "events:read"),
    HttpApiEndpoint.get("streamEvents", "/events/stream", {
      headers: {
        "last-event-id": Schema.optionalKey(Position).pipe(described("The last position that was read."))
      },
      query: filter,
      success: HttpApiSchema.StreamSse({ events: EventMessage })
    })
      .annotate(RequiredScope, "events:read")
      .annotateMerge(
        OpenApi.annotations({
          summary: "Stream events",
          description:
            "Server-sent events from now on, or after the position in `Last-Event-ID`. No event is skipped."
        })
      )
  )
  .add(
    HttpApiEndpoint.post("createEventType", "/event-types", {
      headers: IdempotencyHeaders,
      payload: Schema.Struct(Struct.omit(EventType.fields, ["createdAt"])).annotate({
        identifier: "NewEventType"
      }),
      success: EventType.pipe(HttpApiSchema.status(201)),
      error: Conflict
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "Declare an event type",
          description:
            "Declares an event type of the tenant's own, with a JSON Schema for its data if wanted."
        })
      )
      .middleware(Idempotency)
      .annotate(RequiredScope, "events:publish")
      .annotate(TenantWide, true),
    HttpApiEndpoint.get("listEventTypes", "/event-types", {
      query: PageQuery,
      success: Page(EventType)
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "List event types",
          description: "The tenant's own event types, newest first."
        })
      )
      .annotate(RequiredScope, "events:read")
      .annotate(TenantWide, true)
  )
  .middleware(Authorization)
  .prefix("/v1")
  .annotate(OpenApi.Description, "What happened: the log, the stream and the tenant's own events.") {}
