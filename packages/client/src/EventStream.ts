import type { Event, EventTypeName, Position } from "@do-integrations/domain/Event"
import type { CustomerId } from "@do-integrations/domain/Tenant"
import { Data, Duration, Effect, Ref, Result, Schedule, Stream } from "effect"
import { IntegrationsClient } from "./IntegrationsClient.ts"

/** Which events are followed, and from where. */
export interface FollowOptions {
  readonly type?: typeof EventTypeName.Type
  readonly customerId?: CustomerId
  /** The last position that was handled; left out: only what happens from now on. */
  readonly after?: Position
}

/** The stream broke off, or could not be opened, in a way that passes. */
class Disconnected extends Data.TaggedError("Disconnected")<{
  /** The least wait that the service asked for. */
  readonly retryAfter: Duration.Duration
}> {}

/**
 * When a broken stream is opened again: after 0.5, 1, 2, ... s, never more than 30 s, each give or take a
 * fifth, and never before the time that the service asked for. It starts over once an event has come, and
 * never gives up.
 */
export const reconnect = Schedule.min([
  Schedule.exponential("500 millis"),
  Schedule.spaced("30 seconds")
]).pipe(
  Schedule.jittered,
  Schedule.setInputType<Pick<Disconnected, "retryAfter">>(),
  Schedule.modifyDelay(({ duration, input }) => Effect.succeed(Duration.max(duration, input.retryAfter)))
)

/** Where the log stands, so that a stream that breaks before its first event loses nothing. */
const present = (client: IntegrationsClient["Service"]) =>
  Effect.map(client.events.listEvents({ query: { limit: 1 } }), ({ horizon }) => horizon)

const disconnected = (retryAfter: Duration.Duration) =>
  Stream.fromEffect(
    Effect.andThen(
      Effect.logDebug("The event stream broke off and is opened again"),
      Effect.fail(new Disconnected({ retryAfter }))
    )
  )

/**
 * The tenant's events as they happen, in the order of the log, each once. Survives disconnects: the stream
 * is opened again (see {@link reconnect}) after the last event that came. Fails when the service refuses:
 * a key that is not valid or may not read events, or a request without the documented shape.
 */
export const follow = ({ after, ...query }: FollowOptions = {}) =>
  Stream.unwrap(
    Effect.gen(function* () {
      const client = yield* IntegrationsClient
      const position = yield* Ref.make(after ?? (yield* present(client)))
      const open = Effect.map(Ref.get(position), (last) =>
        Stream.unwrap(client.events.streamEvents({ headers: { "last-event-id": last }, query }))
      )
      return Stream.unwrap(open).pipe(
        Stream.tap(({ id }) => Ref.set(position, id)),
        Stream.map((message): Result.Result<Event, never> => Result.succeed(message.data)),
        // A service that shuts down ends its streams.
        Stream.concat(disconnected(Duration.zero)),
        Stream.catchTags({
          HttpClientError: () => disconnected(Duration.zero),
          InternalError: () => disconnected(Duration.zero),
          TooManyRequests: (problem) => disconnected(Duration.seconds(problem.retryAfter)),
          Retry: ({ duration }) => disconnected(duration)
        }),
        // Refusals pass as values, so that the schedule sees nothing but disconnects.
        Stream.catchIf(
          (error) => error._tag !== "Disconnected",
          (refusal) => Stream.succeed(Result.fail(refusal))
        ),
        Stream.retry(reconnect),
        Stream.mapEffect(Effect.fromResult)
      )
    })
  )
