import type { SqlClient } from "effect/sql"

/** What columns may be set to. */
export type Columns = Readonly<
  Record<string, string | number | boolean | Date | Uint8Array | ReadonlyArray<string> | null | undefined>
>

/** The text of a column that holds JSON; `null` and undefined stay what they are. */
export const json = (value: object | null | undefined) =>
  value === undefined || value === null ? value : JSON.stringify(value)

/** The assignments of an `UPDATE` for the columns that are given; what is undefined stays as it is. */
export const assignments = (sql: SqlClient.SqlClient, columns: Columns) =>
  sql.csv(
    Object.entries(columns).flatMap(([column, value]) =>
      value === undefined ? [] : sql`${sql(column)} = ${value}`
    )
  )
