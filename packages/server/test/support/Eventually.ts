import { type Duration, Effect, Schedule } from "effect"

/** Repeats a reading until it is as expected, for at most `patience`; then dies with what it read last. */
export const eventually = <A, E, R>(
  reading: Effect.Effect<A, E, R>,
  expected: (value: A) => boolean,
  patience: Duration.Input = "20 seconds"
): Effect.Effect<A, E, R> => {
  let last: A | undefined
  return Effect.tap(reading, (value) => Effect.sync(() => void (last = value))).pipe(
    Effect.repeat({ until: expected, schedule: Schedule.spaced("20 millis") }),
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () => Effect.die(new Error(`Still not as expected: ${JSON.stringify(last)}`))
    })
  )
}
