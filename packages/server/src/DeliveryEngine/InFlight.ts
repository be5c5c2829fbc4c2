import type { TenantId } from "@do-integrations/domain/Tenant"
import { Duration, Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as Column from "../Sql/Column.ts"
import type { Unit } from "./Deliver.ts"

/** How long an attempt has to be under way before its delivery is shown as in flight. */
export const longAttempt = Duration.millis(250)

/** The requests that are under way to an endpoint, and what the table says of them. */
export class InFlight {
  readonly #units = new Map<Unit, { readonly since: number; shown: boolean }>()

  begin(unit: Unit, now: number): void {
    this.#units.set(unit, { since: now, shown: false })
  }

  /** False when it was not under way. */
  end(unit: Unit): boolean {
    return this.#units.delete(unit)
  }

  /** Those that have been under way for long and are not shown yet; from now on they are. */
  takeLong(now: number): ReadonlyArray<Unit> {
    const long: Array<Unit> = []
    for (const [unit, state] of this.#units) {
      // They are in the order in which they began.
      if (now - state.since < Duration.toMillis(longAttempt)) break
      if (state.shown) continue
      state.shown = true
      long.push(unit)
    }
    return long
  }
}

/** Writes that these deliveries of a tenant are in flight. */
export type ShowInFlight = (tenantId: TenantId, units: ReadonlyArray<Unit>) => Effect.Effect<void>

/**
 * Shows deliveries as in flight. It decides nothing: what has ended since has another number of attempts, and
 * after a crash whatever is due is tried again, shown or not.
 */
export const makeShowInFlight = Effect.map(SqlClient.SqlClient, (sql): ShowInFlight =>
  Effect.fnUntraced(function* (tenantId, units) {
    const deliveries = units.flat()
    yield* sql`
        UPDATE undelivered SET state = 'in_flight'
        FROM unnest(
          ${Column.text(deliveries.map((one) => one.id))}, ${Column.int(deliveries.map((one) => one.attempts))}
        ) AS under_way(delivery_id, attempts)
        WHERE undelivered.tenant_id = ${tenantId} AND undelivered.delivery_id = under_way.delivery_id
          AND undelivered.attempts = under_way.attempts AND undelivered.due_at IS NOT NULL`
  }, Effect.orDie)
)
