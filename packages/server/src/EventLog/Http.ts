import { Api } from "@do-integrations/domain/Api"
import { Caller } from "@do-integrations/domain/ApiKey"
import { Effect, Stream } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { EventLog } from "../EventLog.ts"
import { Stopping } from "../Http/Stopping.ts"
import { EventTypes } from "./EventTypes.ts"

/** Events and event types. */
export const layer = HttpApiBuilder.group(
  Api,
  "events",
  Effect.fnUntraced(function* (handlers) {
    const events = yield* EventLog
    const types = yield* EventTypes
    const stopping = yield* Stopping

    return handlers.handleAll({
      publishEvent: ({ headers, payload }) =>
        Caller.use((caller) => events.publish(caller, payload, headers["idempotency-key"])),
      listEvents: ({ query }) => Caller.use((caller) => events.list(caller, query)),
      streamEvents: ({ headers, query }) =>
        Caller.use((caller) =>
          Effect.succeed(
            events.stream(caller, query, headers["last-event-id"]).pipe(
              Stream.map((event) => ({ id: event.position, event: "event" as const, data: event })),
              Stream.interruptWhen(stopping.await)
            )
          )
        ),
      createEventType: ({ payload }) => Caller.use((caller) => types.create(caller, payload)),
      listEventTypes: ({ query }) => Caller.use(({ tenantId }) => types.list(tenantId, query))
    })
  })
)
