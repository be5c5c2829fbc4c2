import { Clock, type Duration, Effect, Option, Pull, Schedule } from "effect"

/**
 * When a delivery that failed is tried again: nine times over 75.6 hours, each delay jittered by a fifth
 * (the schedule that Standard Webhooks recommends).
 */
export const defaultRetries: Schedule.Schedule<Duration.Duration> = Schedule.duration("5 seconds").pipe(
  Schedule.concat(Schedule.duration("5 minutes")),
  Schedule.concat(Schedule.duration("30 minutes")),
  Schedule.concat(Schedule.duration("2 hours")),
  Schedule.concat(Schedule.duration("5 hours")),
  Schedule.concat(Schedule.duration("10 hours")),
  Schedule.concat(Schedule.duration("14 hours")),
  Schedule.concat(Schedule.duration("20 hours")),
  Schedule.concat(Schedule.duration("24 hours")),
  Schedule.jittered
)

/**
 * The delay that `schedule` has after the attempt with this number, from 1, or none when it is over. The
 * number is in the delivery's row, so a restart changes nothing.
 */
export const delayAfter = Effect.fnUntraced(function* (
  schedule: Schedule.Schedule<unknown>,
  attempt: number
) {
  const step = yield* Schedule.toStep(schedule)
  const now = yield* Clock.currentTimeMillis
  const next = Effect.suspend(() => step(now, undefined))
  return yield* Effect.replicateEffect(next, attempt).pipe(
    Effect.map((steps) => Option.map(Option.fromNullishOr(steps.at(-1)), ([, delay]) => delay)),
    Pull.catchDone(() => Effect.succeedNone)
  )
})
