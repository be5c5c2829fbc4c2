import { Effect, Schedule } from "effect"

/** Repeats a reading until it is as expected, for at most five seconds. */
export const eventually = <A, E, R>(reading: Effect.Effect<A, E, R>, expected: (value: A) => boolean) =>
  reading.pipe(
    Effect.repeat({ until: expected, schedule: Schedule.spaced("20 millis") }),
    Effect.timeout("5 seconds")
  )
