import type { Identity } from "@do-integrations/domain/ApiKey"
import type { Event, EventId, EventPage, NewEvent, Position } from "@do-integrations/domain/Event"
import type { PlatformEvent } from "@do-integrations/domain/Event/Platform"
import type { PageQuery } from "@do-integrations/domain/Page"
import type { Forbidden, Unprocessable } from "@do-integrations/domain/Problem"
import type { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Context, Effect, Layer, type Schema, type Stream } from "effect"
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
  /** Minted when it is written, unless it is given. */
  readonly id?: EventId
  /** Set: it goes to this endpoint alone. */
  readonly only?: OutboundWebhookId
}

/** The one endpoint that an event is published to, with whose it is. */
export interface Target {
  readonly id: OutboundWebhookId
  readonly customerId: CustomerId | undefined
}

/** What happened, in an order that every reader can resume from without missing anything. */
export class EventLog extends Context.Service<
  EventLog,
  {
    /** Writes platform events and their deliveries in the caller's transaction. */
    record(...events: ReadonlyArray<PlatformEntry>): Effect.Effect<void>
    /**
     * Writes a tenant's event and its deliveries in the caller's transaction. It has to be checked before.
     */
    append(event: Entry): Effect.Effect<void>
    /** Refuses data that does not fit the schema of the tenant's event type. Not inside a transaction. */
    check(tenantId: TenantId, type: string, data: Schema.Json): Effect.Effect<void, Unprocessable>
    /** Publishes a tenant's event: answered once the event and its deliveries are on disk. */
    publish(
      caller: Identity,
      event: NewEvent,
      /** An `Idempotency-Key`: with it, the event is published once in 24 hours. */
      key?: string,
      /** Set: it goes to this endpoint alone, and belongs to the endpoint's customer. */
      target?: Target
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
        Effect.asVoid(
          append(
            events.map((event): Entry => ({ ...event, data: { ...event.data } })),
            false
          )
        )

      // Without a span: its request has one, and so has its commit.
      const publish = Effect.fnUntraced(function* (
        caller: Identity,
        event: NewEvent,
        key?: string,
        target?: Target
      ) {
        const { tenantId } = caller
        const customerId = yield* customerFor(caller, (target ?? event).customerId)
        yield* types.check(tenantId, event.type, event.data)
        const aim = target === undefined ? {} : { only: target.id, subject: target.id }
        const entry = { ...event, customerId, tenantId, ...aim }
        if (key === undefined) return yield* submit({ entry })
        const parts = [
          target === undefined ? "publishEvent" : `triggerOutboundWebhook ${target.id}`,
          customerId ?? "",
          event.type,
          (event.channels ?? []).join(" "),
          JSON.stringify(event.data)
        ]
        const fingerprint = yield* Effect.provideService(fingerprintOf(parts), Digest.Digest, digest)
        return yield* submit({ entry, keyed: { tenantId, key: keyOf(caller, key), fingerprint } })
      })

      return EventLog.of({
        record,
        append: (event) => Effect.asVoid(append([event], false)),
        check: types.check,
        publish,
        ...reader
      })
    })
  )

  static readonly layer = this.layerNoDeps.pipe(
    Layer.provideMerge(EventTypes.layer),
    Layer.provide(Ticker.layer)
  )
}
