import type { Identity } from "@do-integrations/domain/ApiKey"
import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { Effect, type Schema } from "effect"
import { SqlClient } from "effect/sql"
import { AuditLog } from "../AuditLog.ts"
import { HandlingWakeups } from "../HandlingEngine/Wakeups.ts"
import { ChangedMeanwhile, orConflict } from "../OutboundWebhooks/Changes.ts"
import { assignments, type Columns } from "../Sql/Patch.ts"
import { visibleTo } from "../Sql/Visible.ts"
import { UnitOfWork } from "../UnitOfWork.ts"
import { Ingress } from "./Ingress.ts"
import { makeStore, type StoredWebhook } from "./Store.ts"

/** A change of an inbound webhook, worked out from what it is now. */
export interface Change {
  readonly columns: Columns
  /** What the audit log says. */
  readonly action: string
  readonly details: { readonly [name: string]: Schema.Json }
  /** Runs in the change's transaction after it. */
  readonly also?: Effect.Effect<void>
}

/** Changes inbound webhooks: compared with what was read, written with its audit entry, and told where it counts. */
export const makeChanges = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const ingress = yield* Ingress
  const store = yield* makeStore
  const unit = yield* UnitOfWork
  const wakeups = yield* HandlingWakeups

  const write = Effect.fnUntraced(function* (caller: Identity, before: StoredWebhook, change: Change) {
    const { id, tenantId } = before
    const [webhook] = yield* sql`
      UPDATE inbound_webhooks SET ${assignments(sql, change.columns)}, revision = revision + 1
      WHERE id = ${id} AND ${visibleTo(sql, caller)} AND revision = ${before.revision}::bigint
      RETURNING ${store.columns}`.pipe(Effect.flatMap(store.rows), Effect.orDie)
    if (webhook === undefined) return yield* new ChangedMeanwhile()
    const { action, details } = change
    yield* audit.record({ tenantId, actor: caller.keyId, action, target: id, details })
    if (change.also !== undefined) yield* change.also
    yield* sql.afterCommit(Effect.andThen(ingress.forget(before.tokenHash), wakeups.offer([id])))
    return webhook
  })

  /**
   * Reads the webhook and carries out what `plan` makes of it; again, when it was changed in between. `guard` runs
   * first in the transaction. Answers with the webhook as it is then, and with the change that was made.
   */
  return Effect.fnUntraced(function* <Made extends Change, E, E2 = never>(
    caller: Identity,
    id: InboundWebhookId,
    plan: (webhook: StoredWebhook) => Effect.Effect<Made, E>,
    guard: Effect.Effect<void, E2> = Effect.void
  ) {
    return yield* Effect.gen(function* () {
      const before = yield* store.stored(caller, id)
      const made = yield* plan(before)
      const webhook = yield* unit.commit(Effect.andThen(guard, write(caller, before, made)))
      return { webhook, made }
    }).pipe(orConflict)
  })
})
