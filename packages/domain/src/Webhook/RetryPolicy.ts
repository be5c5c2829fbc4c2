import { Schema } from "effect"
import { described } from "../Described.ts"

/** Attempts that a delivery may take, the first one among them. */
export const maxAttempts = 30

/** From the first attempt to the last, by the delays as they stand in the policy: 30 days. */
export const maxSpanSeconds = 30 * 86_400

/** Attempts of a policy that names no number. */
export const defaultAttempts = 10

/** The delays of the default schedule, in seconds (Standard Webhooks 1.0, "Deliverability and reliability"). */
const defaultDelays = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]

/** How much longer, or shorter, than it stands in the policy a delay may be. */
const jitter = 0.2

/** What each delay is multiplied by where a policy names no factor. */
export const defaultFactor = 2

const Seconds = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: maxSpanSeconds }))

const MaxAttempts = Schema.optionalKey(
  Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: maxAttempts }))
).pipe(described(`Attempts in all, the first one among them; left out: ${defaultAttempts}.`))

const GiveUpAfterSeconds = Schema.optionalKey(Seconds).pipe(
  described("No attempt is made later than this many seconds after the first; left out: no such end.")
)

const within = (delays: ReadonlyArray<number>) => {
  const span = Math.ceil(delays.reduce((sum, delay) => sum + delay, 0))
  return (
    span <= maxSpanSeconds || {
      path: [],
      issue: `Expected at most 30 days (${maxSpanSeconds} s) from the first attempt to the last, got ${span} s`
    }
  )
}

/** The delays that come between this many attempts, each by its number from 1. */
const delaysOf = (attempts: number | undefined, delay: (number: number) => number) =>
  Array.from({ length: (attempts ?? defaultAttempts) - 1 }, (_, index) => delay(index + 1))

/** Each delay of an exponential policy. */
const exponentialDelays = ({
  factor = defaultFactor,
  initialSeconds,
  maxAttempts,
  maxSeconds = Infinity
}: {
  readonly initialSeconds: number
  readonly factor?: number
  readonly maxSeconds?: number
  readonly maxAttempts?: number
}) => delaysOf(maxAttempts, (number) => Math.min(maxSeconds, initialSeconds * factor ** (number - 1)))

/** Each delay of a linear policy. */
const linearDelays = ({
  incrementSeconds,
  initialSeconds,
  maxAttempts
}: {
  readonly initialSeconds: number
  readonly incrementSeconds: number
  readonly maxAttempts?: number
}) => delaysOf(maxAttempts, (number) => initialSeconds + (number - 1) * incrementSeconds)

/** The schedule that Standard Webhooks 1.0 recommends. */
const DefaultRetries = Schema.Struct({
  type: Schema.tag("default").pipe(
    described("Nine retries: after 5 s, 5 and 30 min, 2, 5, 10, 14, 20 and 24 h; 75.6 h in all.")
  ),
  giveUpAfterSeconds: GiveUpAfterSeconds
})

const ExponentialRetries = Schema.Struct({
  type: Schema.tag("exponential").pipe(described("Each delay is the one before it times `factor`.")),
  initialSeconds: Seconds.pipe(described("The first delay, in seconds.")),
  factor: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: 1, maximum: 100 }))).pipe(
    described(`What each delay is multiplied by for the next, from 1 to 100; left out: ${defaultFactor}.`)
  ),
  maxSeconds: Schema.optionalKey(Seconds).pipe(
    described("The longest delay, in seconds; left out: no bound but that of the whole.")
  ),
  maxAttempts: MaxAttempts,
  giveUpAfterSeconds: GiveUpAfterSeconds
}).check(
  Schema.makeFilter((policy) =>
    policy.maxSeconds !== undefined && policy.maxSeconds < policy.initialSeconds
      ? { path: ["maxSeconds"], issue: "Expected maxSeconds to be no less than initialSeconds" }
      : within(exponentialDelays(policy))
  )
)

const LinearRetries = Schema.Struct({
  type: Schema.tag("linear").pipe(described("Each delay is the one before it plus `incrementSeconds`.")),
  initialSeconds: Seconds.pipe(described("The first delay, in seconds.")),
  incrementSeconds: Seconds.pipe(described("What each delay is longer than the one before it, in seconds.")),
  maxAttempts: MaxAttempts,
  giveUpAfterSeconds: GiveUpAfterSeconds
}).check(Schema.makeFilter((policy) => within(linearDelays(policy))))

const ListedRetries = Schema.Struct({
  type: Schema.tag("list").pipe(described("The delays one by one.")),
  delaysSeconds: Schema.Array(Seconds)
    .check(
      Schema.isMinLength(1),
      Schema.makeFilter(
        ({ length }) => length < maxAttempts || `Expected at most ${maxAttempts - 1} delays, got ${length}`
      ),
      Schema.makeFilter((delays: ReadonlyArray<number>) => within(delays))
    )
    .pipe(described("The delay after each attempt but the last, in seconds: 1 to 29 of them.")),
  maxAttempts: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: maxAttempts }))
  ).pipe(described("Attempts in all, the first one among them; left out: one more than there are delays.")),
  giveUpAfterSeconds: GiveUpAfterSeconds
})

/**
 * When a delivery that failed is tried again: at most 30 attempts over at most 30 days. Each delay is
 * jittered by a fifth (0.8 to 1.2 times what stands here), so that what failed together does not come
 * back together. A `Retry-After` may make a delay longer, never shorter.
 */
export const RetryPolicy = Schema.Union([
  DefaultRetries,
  ExponentialRetries,
  LinearRetries,
  ListedRetries
]).annotate({
  identifier: "RetryPolicy",
  description: "When a delivery that failed is tried again. Each delay is jittered by a fifth."
})
export type RetryPolicy = typeof RetryPolicy.Type

const delays = (policy: RetryPolicy): ReadonlyArray<number> => {
  switch (policy.type) {
    case "default":
      return defaultDelays
    case "exponential":
      return exponentialDelays(policy)
    case "linear":
      return linearDelays(policy)
    case "list":
      return policy.delaysSeconds.slice(0, (policy.maxAttempts ?? maxAttempts) - 1)
  }
}

/**
 * The longest time from the first attempt to the last, in seconds, each delay jittered to its longest; never more
 * than {@link maxSpanSeconds}.
 */
export const longestSpanSeconds = (policy: RetryPolicy): number => {
  const span = delays(policy).reduce((sum, delay) => sum + delay, 0)
  return Math.min(policy.giveUpAfterSeconds ?? maxSpanSeconds, maxSpanSeconds, Math.ceil(span * (1 + jitter)))
}
