import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"

/** Marks the idempotency key of the request at hand as carried out, inside its transaction. */
export const MarkCommitted = Context.Reference<Effect.Effect<void>>(
  "@do-integrations/server/UnitOfWork/MarkCommitted",
  { defaultValue: () => Effect.void }
)

/**
 * Every write that means something is one transaction: the change, its events and its audit entry commit
 * together or not at all. Database failures inside are defects: no caller can do anything about them.
 */
export class UnitOfWork extends Context.Service<
  UnitOfWork,
  {
    /** Runs `change` in one transaction. Nothing inside may call out of the process. */
    commit<A, E, R>(change: Effect.Effect<A, E, R>): Effect.Effect<A, E, R>
  }
>()("@do-integrations/server/UnitOfWork") {
  static readonly layer = Layer.effect(
    UnitOfWork,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      return UnitOfWork.of({
        commit: (change) =>
          Effect.flatMap(MarkCommitted, (mark) => Effect.tap(change, mark)).pipe(
            sql.withTransaction,
            Effect.catchTag("SqlError", Effect.die)
          )
      })
    })
  )
}
