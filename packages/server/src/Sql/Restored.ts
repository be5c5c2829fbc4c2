import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Tables whose rows are read in the order of the transactions that wrote them. */
const ordered = ["events", "audit_log"]

/**
 * Puts rows in their place that were restored from a dump into a server that counts its transactions anew.
 * There they would stand in the future, after everything that is written from now on. They come before all
 * of it, in the order of their sequence, and so do the positions that readers kept (`EventLog/Reader`).
 */
export const placeRestored = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  for (const table of ordered) {
    const [future] = yield* sql`
      SELECT 1 AS found FROM (SELECT xid FROM ${sql(table)} ORDER BY id DESC LIMIT 1) AS newest
      WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())`
    if (future === undefined) continue
    yield* Effect.logWarning(
      `The rows of ${table} come from another server; they are put before all new ones`
    )
    yield* sql`
      UPDATE ${sql(table)} SET xid = '0' WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())`
  }
}).pipe(Effect.withSpan("Sql.placeRestored"))
