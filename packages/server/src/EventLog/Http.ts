import { Api } from "@do-integrations/domain/Api"
import { Caller } from "@do-integrations/domain/ApiKey"
import { Deferred, Effect, Stream } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { EventLog } from "../EventLog.ts"
import { EventTypes } from "./EventTypes.ts"

/** Events and event types. */
export const layer = HttpApiBuilder.group(
  Api,
  "events",
  Effect.fnUntraced(function* (handlers) {
    const events = yield* EventLog
    const types = yield* EventTypes
    // Streams have no end of their own, and a server that stops waits for its answers to end.
    const stopping = yield* Effect.acquireRelease(Deferred.make<void>(), (stop) =>
      Deferred.succeed(stop, undefined)
    )

    return handlers.handleAll({
      publishEvent: ({ headers, payload }) =>
        Caller.use((caller) => events.publish(caller, payload, headers["idempotency-key"])),
      listEvents: ({ query }) => Caller.use((caller) => events.list(caller, query)),
      streamEvents: ({ headers, query }) =>
        Caller.use((caller) =>
          Effect.succeed(
            events.stream(caller, query, headers["last-event-id"]).pipe(
              Stream.map((event) => ({ id: event.position, event: "event" as const, data: event })),
              Stream.interruptWhen(Deferred.await(stopping))
            )
          )
        ),
      createEventType: ({ payload }) => Caller.use((caller) => types.create(caller, payload)),
      listEventTypes: ({ query }) => Caller.use(({ tenantId }) => types.list(tenantId, query))
    })
  })
)
