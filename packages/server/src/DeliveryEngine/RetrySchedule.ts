import {
  defaultAttempts,
  defaultFactor,
  maxAttempts,
  maxSpanSeconds,
  type RetryPolicy
} from "@do-integrations/domain/Webhook/RetryPolicy"
import { Clock, Duration, Effect, Option, Pull, Schedule } from "effect"

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

/** Each delay is the one before it times `factor`, up to `maxSeconds`. */
const exponential = ({
  factor,
  initialSeconds,
  maxSeconds
}: RetryPolicy & { readonly type: "exponential" }) =>
  Schedule.min([
    Schedule.exponential(Duration.seconds(initialSeconds), factor ?? defaultFactor),
    Schedule.spaced(Duration.seconds(maxSeconds ?? maxSpanSeconds))
  ])

/** Each delay is the one before it plus `incrementSeconds`. */
const linear = ({ incrementSeconds, initialSeconds }: RetryPolicy & { readonly type: "linear" }) =>
  Schedule.forever.pipe(
    Schedule.modifyDelay(({ output }) =>
      Effect.succeed(Duration.seconds(initialSeconds + output * incrementSeconds))
    )
  )

const none: Schedule.Schedule<unknown> = Schedule.recurs(0)

/** The delays one by one. */
const listed = ({ delaysSeconds }: RetryPolicy & { readonly type: "list" }) =>
  delaysSeconds.reduce(
    (before, seconds) => Schedule.concat(before, Schedule.duration(Duration.seconds(seconds))),
    none
  )

const bounded = (schedule: Schedule.Schedule<unknown>, attempts: number) =>
  schedule.pipe(Schedule.upTo({ times: attempts - 1 }), Schedule.jittered)

/** The schedule of a policy, each delay jittered by a fifth. It ends with the policy's last attempt. */
export const scheduleOf = (policy: RetryPolicy): Schedule.Schedule<unknown> => {
  switch (policy.type) {
    case "default":
      return defaultRetries
    case "exponential":
      return bounded(exponential(policy), policy.maxAttempts ?? defaultAttempts)
    case "linear":
      return bounded(linear(policy), policy.maxAttempts ?? defaultAttempts)
    case "list":
      return bounded(listed(policy), policy.maxAttempts ?? maxAttempts)
  }
}

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

/** An attempt that failed. Times are milliseconds since the epoch. */
export interface FailedAttempt {
  /** Which attempt it was, from 1. */
  readonly attempt: number
  readonly firstAttemptAt: number
  readonly now: number
  /** The least wait that the receiver asked for. */
  readonly retryAfter?: Duration.Duration | undefined
}

/**
 * How long to wait from now for the next attempt, or none when this one was the policy's last. Neither jitter
 * nor `Retry-After` carries an attempt beyond 30 days after the first.
 */
export const nextDelay = Effect.fnUntraced(function* (
  policy: RetryPolicy,
  { attempt, firstAttemptAt, now, retryAfter = Duration.zero }: FailedAttempt
) {
  const { giveUpAfterSeconds = maxSpanSeconds } = policy
  const leftOf = (seconds: number) => firstAttemptAt + seconds * 1000 - now
  const delay = yield* delayAfter(scheduleOf(policy), attempt)
  return Option.map(delay, (delay) => Math.max(Duration.toMillis(delay), Duration.toMillis(retryAfter))).pipe(
    Option.map((millis) => Math.min(millis, leftOf(maxSpanSeconds))),
    Option.filter((millis) => millis > 0 && millis <= leftOf(giveUpAfterSeconds)),
    Option.map(Duration.millis)
  )
})
