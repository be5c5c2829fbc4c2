import { Api } from "@do-integrations/domain/Api"
import { Caller } from "@do-integrations/domain/ApiKey"
import { Effect, Stream } from "effect"
import { HttpEffect, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { ApiKeys } from "../ApiKeys.ts"
import { EventLog } from "../EventLog.ts"
import { keepAlive } from "../Http/KeepAlive.ts"
import { Stopping } from "../Http/Stopping.ts"
import { replayedHeader } from "../Http/Idempotency.ts"
import { EventTypes } from "./EventTypes.ts"

const markReplayed: HttpEffect.PreResponseHandler = (_, response) =>
  Effect.succeed(HttpServerResponse.setHeaders(response, replayedHeader))

/** Events and event types. */
export const layer = HttpApiBuilder.group(
  Api,
  "events",
  Effect.fnUntraced(function* (handlers) {
    const apiKeys = yield* ApiKeys
    const events = yield* EventLog
    const types = yield* EventTypes
    const stopping = yield* Stopping

    return handlers.handleAll({
      publishEvent: Effect.fnUntraced(function* ({ headers, payload }) {
        const { event, replayed } = yield* events.publish(yield* Caller, payload, headers["idempotency-key"])
        if (replayed) yield* HttpEffect.appendPreResponseHandler(markReplayed)
        return event
      }),
      listEvents: ({ query }) => Caller.use((caller) => events.list(caller, query)),
      streamEvents: ({ headers, query }) =>
        Effect.map(Effect.tap(Caller, HttpEffect.appendPreResponseHandler(keepAlive)), (caller) =>
          events.stream(caller, query, headers["last-event-id"]).pipe(
            Stream.map((event) => ({ id: event.position, event: "event" as const, data: event })),
            Stream.interruptWhen(Effect.raceFirst(stopping.await, apiKeys.ended(caller.keyId)))
          )
        ),
      createEventType: ({ payload }) => Caller.use((caller) => types.create(caller, payload)),
      listEventTypes: ({ query }) => Caller.use(({ tenantId }) => types.list(tenantId, query))
    })
  })
)
