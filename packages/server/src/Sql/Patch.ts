import type { SqlClient } from "effect/sql"

/** The assignments of an `UPDATE` for the columns that are given; what is undefined stays as it is. */
export const assignments = (
  sql: SqlClient.SqlClient,
  columns: Readonly<Record<string, string | boolean | Date | Uint8Array | ReadonlyArray<string> | undefined>>
) =>
  sql.csv(
    Object.entries(columns).flatMap(([column, value]) =>
      value === undefined ? [] : sql`${sql(column)} = ${value}`
    )
  )
