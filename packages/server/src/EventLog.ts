import type { Identity } from "@do-integrations/domain/ApiKey"
import type { Event, EventPage, NewEvent, Position } from "@do-integrations/domain/Event"
import type { PlatformEvent } from "@do-integrations/domain/Event/Platform"
import type { PageQuery } from "@do-integrations/domain/Page"
import type { Forbidden, Unprocessable } from "@do-integrations/domain/Problem"
import type { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import { Context, Effect, Layer, type Stream } from "effect"
import { Digest } from "effect/crypto"
import { customerFor } from "./Customers.ts"
import { type Entry, makeAppend } from "./EventLog/Append.ts"
import { EventTypes } from "./EventLog/EventTypes.ts"
import { makePublish, type Published } from "./EventLog/Publish.ts"
import { type EventFilter, makeReader } from "./EventLog/Reader.ts"
import { Ticker } from "./EventLog/Ticker.ts"
import { fingerprintOf } from "./IdempotencyKeys.ts"
import { keyOf } from "./IdempotencyKeys/KeyedRequest.ts"

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
      caller: Identity,
      event: NewEvent,
      /** An `Idempotency-Key`: with it, the event is published once in 24 hours. */
      key?: string
    ): Effect.Effect<Published, Forbidden | Unprocessable>
    /** Newest first; `cursor` is a position. */
    list(caller: Identity, query: PageQuery & EventFilter): Effect.Effect<EventPage>
    /** Everything after `from`, or from now on, as it happens; never skips an event. */
    stream(caller: Identity, filter: EventFilter, from?: Position): Stream.Stream<Event>
  }
>()("@do-integrations/server/EventLog") {
  static readonly layerNoDeps = Layer.effect(
    EventLog,
    Effect.gen(function* () {
      const append = yield* makeAppend
      const submit = yield* makePublish
      const reader = yield* makeReader
      const types = yield* EventTypes
      const digest = yield* Digest.Digest

      const record = (...events: ReadonlyArray<PlatformEntry>) =>
        Effect.asVoid(append(events.map((event): Entry => ({ ...event, data: { ...event.data } }))))

      const publish = Effect.fn("EventLog.publish")(function* (
        caller: Identity,
        event: NewEvent,
        key?: string
      ) {
        const { tenantId } = caller
        const customerId = yield* customerFor(caller, event.customerId)
        yield* types.check(tenantId, event.type, event.data)
        const entry = { ...event, customerId, tenantId }
        if (key === undefined) return yield* submit({ entry })
        const parts = ["publishEvent", customerId ?? "", event.type, JSON.stringify(event.data)]
        const fingerprint = yield* Effect.provideService(fingerprintOf(parts), Digest.Digest, digest)
        return yield* submit({ entry, keyed: { tenantId, key: keyOf(caller, key), fingerprint } })
      })

      return EventLog.of({ record, publish, ...reader })
    })
  )

  static readonly layer = this.layerNoDeps.pipe(
    Layer.provideMerge(EventTypes.layer),
    Layer.provide(Ticker.layer)
  )
}
