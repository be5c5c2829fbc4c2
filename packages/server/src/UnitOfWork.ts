import { type Cause, Context, Effect, Layer, Option, Schedule } from "effect"
import { SqlClient, SqlError } from "effect/sql"

/** Marks the idempotency key of the request at hand as carried out, inside its transaction. */
export const MarkCommitted = Context.Reference<Effect.Effect<void>>(
  "@do-integrations/server/UnitOfWork/MarkCommitted",
  { defaultValue: () => Effect.void }
)

/** When a transaction that lost against another one is run again. */
export const lostRaces = Schedule.exponential("10 millis").pipe(
  Schedule.jittered,
  Schedule.upTo({ times: 4 })
)

const lostRace = (cause: Cause.Cause<unknown>) =>
  cause.reasons.some((reason) => {
    const error = reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : undefined
    return (
      SqlError.isSqlError(error) &&
      (error.reason._tag === "DeadlockError" || error.reason._tag === "SerializationError")
    )
  })

/**
 * Every write that means something is one transaction: the change, its events and its audit entry commit
 * together or not at all. Database failures inside are defects: no caller can do anything about them.
 */
export class UnitOfWork extends Context.Service<
  UnitOfWork,
  {
    /**
     * Runs `change` in one transaction, or in the one that is under way. Nothing inside may call out of the
     * process: a transaction that another one made fail is run again from its beginning.
     */
    commit<A, E, R>(change: Effect.Effect<A, E, R>): Effect.Effect<A, E, R>
  }
>()("@do-integrations/server/UnitOfWork") {
  static readonly layer = Layer.effect(
    UnitOfWork,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      return UnitOfWork.of({
        commit: (change) => {
          const unit = Effect.flatMap(MarkCommitted, (mark) => Effect.tap(change, mark)).pipe(
            sql.withTransaction,
            Effect.catchTag("SqlError", Effect.die)
          )
          const whole = Effect.sandbox(unit).pipe(
            Effect.retry({ schedule: lostRaces, while: lostRace }),
            Effect.catch(Effect.failCause)
          )
          return Effect.flatMap(Effect.serviceOption(sql.transactionService), (outer) =>
            Option.isSome(outer) ? unit : whole
          )
        }
      })
    })
  )
}
