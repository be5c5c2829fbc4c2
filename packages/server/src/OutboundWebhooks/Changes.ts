import type { Identity } from "@do-integrations/domain/ApiKey"
import { Conflict } from "@do-integrations/domain/Problem"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Data, Effect, Schedule, type Schema } from "effect"
import { SqlClient } from "effect/sql"
import { AuditLog } from "../AuditLog.ts"
import { assignments, type Columns } from "../Sql/Patch.ts"
import { visibleTo } from "../Sql/Visible.ts"
import { UnitOfWork } from "../UnitOfWork.ts"
import { makeStore, type StoredWebhook } from "./Store.ts"
import { Wakeups } from "../DeliveryEngine/Wakeups.ts"

/** When a change that another one came before is worked out anew. */
export const lostChanges = Schedule.exponential("5 millis").pipe(
  Schedule.jittered,
  Schedule.upTo({ times: 6 })
)

/** Another change was committed since what is changed was read. */
export class ChangedMeanwhile extends Data.TaggedError("ChangedMeanwhile") {}

/** Makes a change anew when another one came before it, and gives up when that goes on. */
export const orConflict = <A, E, R>(change: Effect.Effect<A, E | ChangedMeanwhile, R>) =>
  change.pipe(
    Effect.retry({ schedule: lostChanges, while: (error) => error instanceof ChangedMeanwhile }),
    Effect.catchIf(
      (error): error is ChangedMeanwhile => error instanceof ChangedMeanwhile,
      () => Effect.fail(new Conflict({ detail: "It was changed meanwhile; read it and try again" }))
    )
  )

/** A change of an endpoint, worked out from what it is now. */
export interface Change {
  readonly columns: Columns
  /** Its owner need not hear of it. */
  readonly quiet?: boolean
  /** What the audit log says. */
  readonly action: string
  readonly details?: { readonly [name: string]: Schema.Json }
  /** Runs in the change's transaction after it. */
  readonly also?: Effect.Effect<void>
}

/** Changes endpoints: compared with what was read, written with its audit entry, and told to their owners. */
export const makeChanges = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const store = yield* makeStore
  const unit = yield* UnitOfWork
  const wakeups = yield* Wakeups

  const write = Effect.fnUntraced(function* (caller: Identity, before: StoredWebhook, change: Change) {
    const { id, tenantId } = before
    const [webhook] = yield* sql`
      UPDATE outbound_webhooks SET ${assignments(sql, change.columns)},
        revision = revision + ${change.quiet === true ? 0 : 1}::int
      WHERE id = ${id} AND ${visibleTo(sql, caller)} AND revision = ${before.revision}::bigint
      RETURNING ${yield* store.columns}`.pipe(Effect.flatMap(store.rows), Effect.orDie)
    if (webhook === undefined) return yield* new ChangedMeanwhile()
    const { action, details = {} } = change
    yield* audit.record({ tenantId, actor: caller.keyId, action, target: id, details })
    if (change.also !== undefined) yield* change.also
    yield* sql.afterCommit(wakeups.offer([id]))
    return webhook
  })

  /**
   * Reads the endpoint and carries out what `plan` makes of it; again, when it was changed in between. `guard` runs
   * first in the transaction. Answers with the endpoint as it is then, and with the change that was made.
   */
  return Effect.fnUntraced(function* <Made extends Change, E, E2 = never>(
    caller: Identity,
    id: OutboundWebhookId,
    plan: (webhook: StoredWebhook) => Effect.Effect<Made, E>,
    guard?: Effect.Effect<void, E2>
  ) {
    return yield* Effect.gen(function* () {
      const before = yield* store.stored(caller, id)
      const made = yield* plan(before)
      const changed = write(caller, before, made)
      const webhook = yield* unit.commit(guard === undefined ? changed : Effect.andThen(guard, changed))
      return { webhook, made }
    }).pipe(orConflict)
  })
})
