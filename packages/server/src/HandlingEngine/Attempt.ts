import { Cause, Clock, Data, DateTime, Duration, Effect, Exit, Option } from "effect"
import { nextDelay } from "../DeliveryEngine/RetrySchedule.ts"
import { UnitOfWork } from "../UnitOfWork.ts"
import { type Action, ActionFailed } from "./Action.ts"
import { makeActions } from "./Actions.ts"
import type { Handling, Outcome } from "./Handling.ts"
import { Settle, type Settlement } from "./Settle.ts"
import type { HandledWebhook } from "./Webhook.ts"

/** Somebody else has settled it meanwhile: what was done in the transaction is undone. */
class SettledElsewhere extends Data.TaggedError("SettledElsewhere") {}

type Verdict = Pick<Settlement, "dueAt" | "state">

const dateOf = (millis: number) => DateTime.toDateUtc(DateTime.makeUnsafe(millis))

const handled: Verdict = { state: "handled", dueAt: null }

/** What a failure means: another attempt, or the end. */
const verdictOf = Effect.fnUntraced(function* (
  { ordering, retry }: HandledWebhook,
  { attempts, earlierAttempts, roundAt }: Handling,
  { final, retryAfter }: Outcome
) {
  const now = yield* Clock.currentTimeMillis
  const attempt = attempts - earlierAttempts + 1
  const delay =
    final === true
      ? Option.none()
      : yield* nextDelay(retry, { attempt, firstAttemptAt: roundAt.getTime(), now, retryAfter })
  if (Option.isSome(delay)) {
    return { state: "failed", dueAt: dateOf(now + Duration.toMillis(delay.value)) } satisfies Verdict
  }
  return { state: "dead", dueAt: ordering?.whenExhausted === "block" ? "infinity" : null } satisfies Verdict
})

const failedOutcome = (cause: Cause.Cause<ActionFailed>): Omit<Outcome, "at" | "durationMs"> => {
  const error = cause.reasons.find((reason) => reason._tag === "Fail")?.error
  if (error === undefined) return { error: "It failed unexpectedly; the log of the service says why" }
  const { final, reason, retryAfter, status } = error
  return {
    error: reason,
    retryAfter,
    ...(final === undefined ? {} : { final }),
    ...(status === undefined ? {} : { status })
  }
}

/** Makes one attempt and writes down what came of it. Answers with when the next one is due. */
export const makeAttempt = Effect.gen(function* () {
  const actionOf = yield* makeActions
  const settle = yield* Settle
  const unit = yield* UnitOfWork

  return Effect.fn("HandlingEngine.attempt")(function* (webhook: HandledWebhook, handling: Handling) {
    const start = yield* Clock.currentTimeMillis
    const settlementOf = Effect.fnUntraced(function* (rest: Omit<Outcome, "at" | "durationMs">) {
      const durationMs = (yield* Clock.currentTimeMillis) - start
      const outcome: Outcome = { ...rest, at: dateOf(start), durationMs }
      const verdict = outcome.error === undefined ? handled : yield* verdictOf(webhook, handling, outcome)
      return { webhook, handling, outcome, ...verdict } satisfies Settlement
    })

    const inside = (action: Extract<Action, { type: "inside" }>) =>
      Effect.gen(function* () {
        yield* action.run
        if (!(yield* settle.within(yield* settlementOf({})))) return yield* new SettledElsewhere()
      }).pipe(unit.commit)

    const action = actionOf(webhook, handling)
    const exit = yield* Effect.exit(
      action.type === "outside"
        ? action.run
        : action.prepare.pipe(
            Effect.andThen(inside(action)),
            Effect.as(undefined),
            Effect.catchTag("SettledElsewhere", () => Effect.succeed(undefined))
          )
    )
    if (Exit.isSuccess(exit) && exit.value === undefined) return Infinity
    if (Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)) return yield* Effect.interrupt
    if (Exit.isFailure(exit) && Cause.hasDies(exit.cause)) {
      yield* Effect.logError("Handling a message failed unexpectedly", exit.cause)
    }
    const settlement = yield* settlementOf(
      Exit.isSuccess(exit) ? (exit.value ?? {}) : failedOutcome(exit.cause)
    )
    yield* settle.settle(settlement)
    return settlement.dueAt instanceof Date ? settlement.dueAt.getTime() : Infinity
  })
})
