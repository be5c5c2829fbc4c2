import { Schema, Struct } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Event, EventType, EventTypeName, NewEvent, Position } from "../Event.ts"
import { Page, PageQuery } from "../Page.ts"
import { Conflict, Forbidden, IdempotencyConflict, Unprocessable } from "../Problem.ts"
import { CustomerQuery } from "./CustomerQuery.ts"
import { Authorization, Idempotency, IdempotencyHeaders, RequiredScope, TenantWide } from "./Middleware.ts"

/** One event on the stream; its `id` is the position to resume from with `Last-Event-ID`. */
export const EventMessage = Schema.Struct({
  id: Position,
  event: Schema.tag("event"),
  data: Schema.fromJsonString(Event)
}).annotate({ identifier: "EventMessage" })

const filter = { ...CustomerQuery, type: Schema.optionalKey(EventTypeName) }

/** What happened: the log, the stream and the tenant's own events. */
export class EventsApi extends HttpApiGroup.make("events")
  .add(
    HttpApiEndpoint.post("publishEvent", "/events", {
      headers: IdempotencyHeaders,
      payload: NewEvent,
      success: Event.pipe(HttpApiSchema.status(201)),
      error: [Forbidden, Unprocessable, IdempotencyConflict]
    })
      .annotate(RequiredScope, "events:publish")
      .annotate(OpenApi.Description, "The answer means that the event and its deliveries are on disk."),
    HttpApiEndpoint.get("listEvents", "/events", {
      query: { ...PageQuery, cursor: Schema.optionalKey(Position), ...filter },
      success: Page(Event)
    })
      .annotate(OpenApi.Description, "Events of the platform and of the tenant, newest first.")
      .annotate(RequiredScope, "events:read"),
    HttpApiEndpoint.get("streamEvents", "/events/stream", {
      headers: { "last-event-id": Schema.optionalKey(Position) },
      query: filter,
      success: HttpApiSchema.StreamSse({ events: EventMessage })
    })
      .annotate(RequiredScope, "events:read")
      .annotate(
        OpenApi.Description,
        "Server-sent events from now on, or after the position in `Last-Event-ID`. No event is skipped."
      )
  )
  .add(
    HttpApiEndpoint.post("createEventType", "/event-types", {
      headers: IdempotencyHeaders,
      payload: Schema.Struct(Struct.omit(EventType.fields, ["createdAt"])).annotate({
        identifier: "NewEventType"
      }),
      success: EventType.pipe(HttpApiSchema.status(201)),
      error: [Forbidden, Conflict, Unprocessable]
    })
      .annotate(
        OpenApi.Description,
        "Declares an event type of the tenant's own, with a JSON Schema for its data if wanted."
      )
      .middleware(Idempotency)
      .annotate(RequiredScope, "events:publish")
      .annotate(TenantWide, true),
    HttpApiEndpoint.get("listEventTypes", "/event-types", {
      query: PageQuery,
      success: Page(EventType)
    })
      .annotate(OpenApi.Description, "The tenant's own event types, newest first.")
      .annotate(RequiredScope, "events:read")
      .annotate(TenantWide, true)
  )
  .middleware(Authorization)
  .prefix("/v1")
  .annotate(OpenApi.Description, "What happened: the log, the stream and the tenant's own events.") {}
