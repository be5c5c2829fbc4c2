import type { Caller } from "@do-integrations/domain/ApiKey"
import type { Event, NewEvent, PlatformEvent, Position } from "@do-integrations/domain/Event"
import type { Page, PageQuery } from "@do-integrations/domain/Page"
import type { Unprocessable } from "@do-integrations/domain/Problem"
import type { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import { Context, Effect, Layer, type Stream } from "effect"
import { type Entry, makeAppend } from "./EventLog/Append.ts"
import { EventTypes } from "./EventLog/EventTypes.ts"
import { makePublish } from "./EventLog/Publish.ts"
import { type EventFilter, makeReader } from "./EventLog/Reader.ts"
import { Ticker } from "./EventLog/Ticker.ts"
import type { KeyedRequest } from "./IdempotencyKeys.ts"

/** A platform event with whose it is and what it happened to. */
export type PlatformEntry = PlatformEvent & {
  readonly tenantId: TenantId
  readonly customerId?: CustomerId | undefined
  /** The id of the integration, webhook or connection. */
  readonly subject?: string | undefined
}

/** What happened, in an order that every reader can resume from without missing anything. */
export class EventLog extends Context.Service<
  EventLog,
  {
    /** Writes platform events and their deliveries in the caller's transaction. */
    record(...events: ReadonlyArray<PlatformEntry>): Effect.Effect<void>
    /** Publishes a tenant's event: answered once the event and its deliveries are on disk. */
    publish(
      caller: Caller["Service"],
      event: NewEvent,
      keyed?: KeyedRequest
    ): Effect.Effect<Event, Unprocessable>
    /** Newest first; `cursor` is a position. */
    list(tenantId: TenantId, query: PageQuery & EventFilter): Effect.Effect<Page<Event>>
    /** Everything after `from`, or from now on, as it happens; never skips an event. */
    stream(tenantId: TenantId, filter: EventFilter, from?: Position): Stream.Stream<Event>
  }
>()("@do-integrations/server/EventLog") {
  static readonly layerNoDeps = Layer.effect(
    EventLog,
    Effect.gen(function* () {
      const append = yield* makeAppend
      const submit = yield* makePublish
      const reader = yield* makeReader
      const types = yield* EventTypes

      const record = (...events: ReadonlyArray<PlatformEntry>) =>
        Effect.asVoid(append(events.map((event): Entry => ({ ...event, data: { ...event.data } }))))

      const publish = Effect.fn("EventLog.publish")(function* (
        { tenantId }: Caller["Service"],
        event: NewEvent,
        keyed?: KeyedRequest
      ) {
        yield* types.check(tenantId, event.type, event.data)
        return yield* submit({ entry: { ...event, tenantId }, keyed })
      })

      return EventLog.of({ record, publish, ...reader })
    })
  )

  static readonly layer = this.layerNoDeps.pipe(Layer.provide(EventTypes.layer), Layer.provide(Ticker.layer))
}
