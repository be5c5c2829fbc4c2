import { Array as Arr, DateTime, Duration, Effect, identity, Option, Random } from "effect"
import type { Outcome, Unit } from "./Deliver.ts"
import type { Endpoint } from "./Endpoint.ts"
import { nextDelay } from "./RetrySchedule.ts"
import type { Settlement } from "./Settle.ts"

/** The receiver is gone for good and wants no more (RFC 9110, section 15.5.11). */
export const gone = 410

// The deliveries of one request share its jitter and its time, so that a batch that failed stays together.
const together = ({ id }: Endpoint, { at }: Outcome) => Random.withSeed(`${id} ${at.getTime()}`)

const failed = Effect.fnUntraced(function* (
  base: Pick<Settlement, "endpoint" | "delivery" | "outcome">
): Effect.fn.Return<Settlement> {
  const { delivery, endpoint, outcome } = base
  const now = outcome.at.getTime() + outcome.durationMs
  const delay = yield* nextDelay(endpoint.retry, {
    attempt: delivery.attempts + 1 - delivery.earlierAttempts,
    firstAttemptAt: delivery.roundAt.getTime(),
    now,
    retryAfter: outcome.retryAfter
  }).pipe(endpoint.batching === undefined ? identity : together(endpoint, outcome))
  if (Option.isSome(delay)) {
    return {
      ...base,
      state: "failed",
      dueAt: DateTime.toDateUtc(DateTime.makeUnsafe(now + Duration.toMillis(delay.value)))
    }
  }
  const blocks = endpoint.ordering?.whenExhausted === "block"
  return { ...base, state: "exhausted", dueAt: blocks ? "infinity" : null }
})

/**
 * What an attempt's outcome means for each delivery that it carried: it succeeded, it is tried again at some time,
 * or its retries ran out. Where the endpoint is ordered and wants that, the last holds up what comes after it.
 */
export const verdicts = (
  endpoint: Endpoint,
  unit: Unit,
  outcome: Outcome
): Effect.Effect<Arr.NonEmptyReadonlyArray<Settlement>> => {
  const ended = (state: "succeeded" | "exhausted") =>
    Effect.succeed(
      Arr.map(unit, (delivery): Settlement => ({ endpoint, delivery, outcome, state, dueAt: null }))
    )
  if (outcome.succeeded) return ended("succeeded")
  if (outcome.status === gone) return ended("exhausted")
  return Effect.forEach(unit, (delivery) => failed({ endpoint, delivery, outcome }))
}
