import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** One row: `bytea` as raw bytes, everything else as the text that Postgres writes for it. */
export interface DumpedRow {
  readonly table: string
  readonly row: Readonly<Record<string, string | Uint8Array | null>>
}

/** Every row of every table but the database's own. */
export const dumpDatabase = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const tables = yield* sql<{ name: string; columns: string }>`
    SELECT format('%I.%I', nspname, relname) AS name,
      string_agg(format(CASE atttypid WHEN 'bytea'::regtype THEN '%1$I' ELSE '%1$I::text AS %1$I' END, attname), ', ')
        AS columns
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
      JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND nspname NOT IN ('pg_catalog', 'information_schema')
    GROUP BY 1`
  const dump: Array<DumpedRow> = []
  for (const { columns, name } of tables) {
    const rows = yield* sql.unsafe<DumpedRow["row"]>(`SELECT ${columns} FROM ${name}`)
    dump.push(...rows.map((row) => ({ table: name, row })))
  }
  return dump
}).pipe(Effect.orDie)

/** Columns that change by being read, or a moment after the change that they belong to. */
const volatile: ReadonlySet<string> = new Set(["last_used_at", "number", "hash"])

const stable = (key: string, value: unknown) => (volatile.has(key) ? undefined : value)

/** Tables that say nothing of what was done: refusals are counted a moment later. */
const aside: ReadonlySet<string> = new Set(["public.audit_heads", "public.inbound_rejections"])

/** What the database holds, in a form to compare: the same as long as nothing was done. */
export const databaseState = Effect.map(dumpDatabase, (dump) =>
  dump
    .filter(({ table }) => !aside.has(table))
    .map(({ row, table }) => `${table} ${JSON.stringify(row, stable)}`)
    .toSorted()
)
