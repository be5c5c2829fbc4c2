import { Cause, Clock, Data, DateTime, Duration, Effect, Exit, Option, Semaphore } from "effect"
import { nextDelay } from "../DeliveryEngine/RetrySchedule.ts"
import { storable } from "../Sql/Storable.ts"
import { UnitOfWork } from "../UnitOfWork.ts"
import type { Action, ActionFailed, Done } from "./Action.ts"
import { makeActions } from "./Actions.ts"
import type { Handling, Outcome } from "./Handling.ts"
import { Settle, type Settlement } from "./Settle.ts"
import type { HandledWebhook } from "./Webhook.ts"

/** Somebody else has settled it meanwhile: what was done in the transaction is undone. */
class SettledElsewhere extends Data.TaggedError("SettledElsewhere") {}

type Rest = Omit<Outcome, "at" | "durationMs">

/** Transactions of handlers in code that are open at a time on a node: the others have connections to work on. */
const slowTransactions = 4

type Verdict = Pick<Settlement, "dueAt" | "state">

const dateOf = (millis: number) => DateTime.toDateUtc(DateTime.makeUnsafe(millis))

const handled: Verdict = { state: "handled", dueAt: null }

/** What a failure means: another attempt, or the end. */
const verdictOf = Effect.fnUntraced(function* (
  { ordering, retry }: HandledWebhook,
  { attempts, earlierAttempts, roundAt }: Handling,
  { final, orphaned, retryAfter }: Outcome
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
  const blocks = ordering?.whenExhausted === "block" && orphaned !== true
  return { state: "dead", dueAt: blocks ? "infinity" : null } satisfies Verdict
})

/** Characters of an error that are kept. */
const maxError = 500

const unexpected = "It failed unexpectedly; the log of the service says why"

const failedOutcome = (cause: Cause.Cause<ActionFailed>): Rest => {
  const error = cause.reasons.find((reason) => reason._tag === "Fail")?.error
  if (error === undefined) {
    return { error: Cause.hasInterruptsOnly(cause) ? "The handler was interrupted" : unexpected }
  }
  const { final, orphaned, reason, retryAfter, status } = error
  return {
    // It may repeat what a sender wrote.
    error: storable(reason, maxError),
    retryAfter,
    ...(final === undefined ? {} : { final }),
    ...(orphaned === undefined ? {} : { orphaned }),
    ...(status === undefined ? {} : { status })
  }
}

/** Makes one attempt and writes down what came of it. Answers with when the next one is due. */
export const makeAttempt = Effect.gen(function* () {
  const actionOf = yield* makeActions
  const settle = yield* Settle
  const unit = yield* UnitOfWork
  const turns = yield* Semaphore.make(slowTransactions)

  return Effect.fn("HandlingEngine.attempt")(function* (webhook: HandledWebhook, handling: Handling) {
    const start = yield* Clock.currentTimeMillis
    const settlementOf = Effect.fnUntraced(function* (rest: Rest) {
      const durationMs = (yield* Clock.currentTimeMillis) - start
      const outcome: Outcome = { ...rest, at: dateOf(start), durationMs }
      const verdict = outcome.error === undefined ? handled : yield* verdictOf(webhook, handling, outcome)
      return { webhook, handling, outcome, ...verdict } satisfies Settlement
    })

    const commit = ({ prepare, run, slow }: Extract<Action, { type: "inside" }>) => {
      const once = Effect.gen(function* () {
        yield* run
        if (!(yield* settle.within(yield* settlementOf({})))) return yield* new SettledElsewhere()
      }).pipe(unit.commit)
      return Effect.andThen(prepare, slow === true ? turns.withPermit(once) : once)
    }

    /** Undefined: it is written down already. */
    const act = (action: Action): Effect.Effect<Done | undefined, ActionFailed> =>
      action.type === "outside"
        ? action.run
        : commit(action).pipe(
            Effect.as(undefined),
            Effect.catchTag("SettledElsewhere", () => Effect.succeed(undefined))
          )

    // The end of our own fiber is not seen here: what it leaves is done by the next owner.
    const exit = yield* Effect.exit(Effect.suspend(() => act(actionOf(webhook, handling))))
    if (Exit.isSuccess(exit) && exit.value === undefined) return Infinity
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
