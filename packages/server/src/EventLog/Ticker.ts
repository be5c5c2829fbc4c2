import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, PubSub, Queue, Schedule, type Scope } from "effect"
import { Topology } from "../Sql.ts"

const channel = "do_integrations_events"

/** Pause between two announcements to the other nodes; what commits in between is announced once. */
const coalesce = "20 millis"

/** When to listen again after the connection that listens was lost. */
export const listenAgain = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("5 seconds")])

/**
 * Tells readers of the log, on every node, that something was committed. Only a hint to read again: what
 * happened is read from the log itself.
 */
export class Ticker extends Context.Service<
  Ticker,
  {
    /** To be run after a commit, never inside a transaction. */
    readonly tick: Effect.Effect<void>
    /** Subscribes, and answers with an effect that waits for a commit since the last wait or subscription. */
    readonly subscribe: Effect.Effect<Effect.Effect<void>, never, Scope.Scope>
  }
>()("@do-integrations/server/EventLog/Ticker") {
  static readonly layer = Layer.effect(
    Ticker,
    Effect.gen(function* () {
      const local = yield* PubSub.sliding<void>(1)
      const announcements = yield* Queue.sliding<void>(1)
      const publish = PubSub.publish(local, undefined)

      const listen = Effect.fnUntraced(function* (pg: PgClient.PgClient) {
        const notifications = yield* pg.listen(channel)
        yield* publish
        return yield* Effect.forever(Effect.andThen(Queue.take(notifications), publish))
      }, Effect.scoped)

      const announce = Effect.fnUntraced(function* (pg: PgClient.PgClient) {
        yield* Queue.take(announcements)
        yield* pg.notify(channel, "")
        yield* Effect.sleep(coalesce)
      })

      if (!(yield* Topology).embedded) {
        const pg = yield* PgClient.PgClient
        yield* listen(pg).pipe(
          Effect.tapError((error) => Effect.logWarning("Listening for other nodes' events failed", error)),
          Effect.retry(listenAgain),
          Effect.forkScoped
        )
        yield* announce(pg).pipe(
          Effect.catch((error) => Effect.logWarning("Announcing events to other nodes failed", error)),
          Effect.forever,
          Effect.forkScoped
        )
      }

      return Ticker.of({
        tick: Effect.asVoid(Effect.andThen(publish, Queue.offer(announcements, undefined))),
        subscribe: Effect.map(PubSub.subscribe(local), PubSub.take)
      })
    })
  )
}
