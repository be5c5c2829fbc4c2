import type { Identity } from "@do-integrations/domain/ApiKey"
import type { DeepIntegrationType } from "@do-integrations/domain/Integration"
import { type IllegalTransition } from "@do-integrations/domain/Problem"
import { next, type Status, type Trigger } from "@do-integrations/domain/Lifecycle"
import { Effect } from "effect"
import { AuditLog } from "../AuditLog.ts"
import { EventLog, type PlatformEntry } from "../EventLog.ts"
import { UnitOfWork } from "../UnitOfWork.ts"
import { statusEvent } from "../StatusEvent.ts"
import { type Change, makeRepo } from "./Repo.ts"

/** The status that `by` leads to, or the error that it leads nowhere. */
export const legal = (from: Status, by: Trigger): Effect.Effect<Status, IllegalTransition> => {
  const to = next(from, by)
  return typeof to === "string" ? Effect.succeed(to) : Effect.fail(to)
}

/** Writes changes of integrations: the row, its event and its audit entry in one transaction. */
export const makeTransitions = Effect.gen(function* () {
  const audit = yield* AuditLog
  const events = yield* EventLog
  const repo = yield* makeRepo
  const unit = yield* UnitOfWork

  const save = Effect.fnUntraced(function* (
    { keyId, tenantId }: Identity,
    type: DeepIntegrationType,
    action: string,
    change: Change
  ) {
    const changed = yield* repo.change(tenantId, type, change)
    yield* audit.record({
      tenantId,
      actor: keyId,
      action: `deep_integration.${action}`,
      target: type,
      details: { from: change.from, to: change.to, changed: Object.keys(change.fields ?? {}) }
    })
    const event = statusEvent(type, change)
    if (event !== undefined)
      yield* events.record({ ...event, tenantId, subject: type } satisfies PlatformEntry)
    return changed
  }, unit.commit)

  /** Moves an integration that is in `from` by a trigger, when that is legal. */
  const move = Effect.fnUntraced(function* (
    caller: Identity,
    type: DeepIntegrationType,
    { by, ...step }: Omit<Change, "to" | "sealed"> & { readonly by: Trigger }
  ) {
    return yield* save(caller, type, by, { ...step, to: yield* legal(step.from, by) })
  })

  return { find: repo.find, findAll: repo.findAll, save, move }
})
