import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { rowsOf } from "./Rows.ts"

const Table = Schema.Struct({ name: Schema.String })

/**
 * How many rows the planner's statistics are drawn from, in units of 300: a tenth of what Postgres takes. A sample
 * of 30,000 rows of each table held everybody up for seconds.
 */
const sample = 10

/**
 * Vacuums the embedded database, which nothing else does. It has one session, and everybody waits while a statement
 * runs: so table by table, with a small sample.
 */
export const vacuum = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const tables = yield* sql`
    SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
    ORDER BY relname`.pipe(Effect.flatMap(rowsOf(Table)))
  for (const { name } of tables) {
    yield* sql`VACUUM ${sql(name)}`
    yield* sql`SET LOCAL default_statistics_target = ${sql.literal(String(sample))}`.pipe(
      Effect.andThen(sql`ANALYZE ${sql(name)}`),
      sql.withTransaction
    )
  }
})
