import { Clock, Context, Effect, Layer } from "effect"

/** The clock of a service under test: real until it is set, and then it stands still. Sleeping stays real. */
export class SetClock extends Context.Service<
  SetClock,
  {
    /** Runs an effect at a time, in Unix milliseconds. */
    at(millis: number): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  }
>()("@do-integrations/server/test/SetClock") {
  static readonly layer = Layer.unwrap(
    Effect.gen(function* () {
      const real = yield* Clock.Clock
      let set: number | undefined
      const millis = () => set ?? real.currentTimeMillisUnsafe()
      const nanos = () => (set === undefined ? real.currentTimeNanosUnsafe() : BigInt(set) * 1_000_000n)
      const clock: Clock.Clock = {
        currentTimeMillisUnsafe: millis,
        currentTimeMillis: Effect.sync(millis),
        currentTimeNanosUnsafe: nanos,
        currentTimeNanos: Effect.sync(nanos),
        monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: real.monotonicTimeNanos,
        sleep: (duration) => real.sleep(duration)
      }
      const at =
        (time: number) =>
        <A, E, R>(effect: Effect.Effect<A, E, R>) =>
          Effect.acquireUseRelease(
            Effect.sync(() => void (set = time)),
            () => effect,
            () => Effect.sync(() => void (set = undefined))
          )
      return Layer.mergeAll(Layer.succeed(Clock.Clock, clock), Layer.succeed(SetClock, SetClock.of({ at })))
    })
  )
}
