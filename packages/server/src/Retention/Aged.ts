import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as Column from "../Sql/Column.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { makeOnTheirWay, Old, type Prefix } from "./OnTheirWay.ts"

/** Rows that one statement deletes, so that none holds locks for long. */
export const batchSize = 1000

/** A table whose rows a tenant keeps for its `retentionDays`. */
export interface AgingTable {
  readonly table: string
  /** The column that holds the rows' times: ids with this prefix. */
  readonly key: string
  readonly prefix: Prefix
}

const Partition = Schema.Struct({ name: Schema.String })

/** Lets go of what is too old, but for what is still on its way. */
export const makeAged = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const onTheirWay = yield* makeOnTheirWay
  const rows = rowsOf(Old)
  const partitions = rowsOf(Partition)

  // Ids sort by time, so what is old enough stands at the beginning of the table's key: of each tenant's, where
  // that comes first in it.
  const next = ({ key, table }: AgingTable, tenants: ReadonlyArray<string>, after: string, bound: string) =>
    table === "undelivered"
      ? sql`
          SELECT tenant.id AS tenant_id, old.id FROM unnest(${Column.text(tenants)}) AS tenant(id)
          CROSS JOIN LATERAL (
            SELECT delivery_id AS id FROM undelivered
            WHERE tenant_id = tenant.id AND delivery_id > ${after} AND delivery_id < ${bound}
            ORDER BY delivery_id LIMIT ${batchSize}) AS old
          ORDER BY old.id LIMIT ${batchSize}`
      : sql`
          SELECT tenant_id, ${sql(key)} AS id FROM ${sql(table)}
          WHERE ${sql(key)} > ${after} AND ${sql(key)} < ${bound} AND tenant_id = ANY(${Column.text(tenants)})
          ORDER BY ${sql(key)} LIMIT ${batchSize}`

  const remove = ({ key, table }: AgingTable, old: ReadonlyArray<Old>) => sql`
    DELETE FROM ${sql(table)} AS aged USING unnest(
      ${Column.text(old.map(({ tenantId }) => tenantId))}, ${Column.text(old.map(({ id }) => id))}) AS old(tenant_id, id)
    WHERE aged.tenant_id = old.tenant_id AND aged.${sql(key)} = old.id`

  /** Deletes the rows of these tenants with ids before `bound`, in small batches that each begin behind the last. */
  const rowsBefore = Effect.fnUntraced(function* (
    table: AgingTable,
    tenants: ReadonlyArray<string>,
    bound: string
  ) {
    let after = ""
    while (true) {
      const old = yield* rows(yield* next(table, tenants, after, bound))
      const last = old.at(-1)
      if (last === undefined) return
      const kept = yield* onTheirWay.among(table.prefix, old)
      // A delivery has several attempts: all of them go at once, or none.
      const aged = new Map(old.flatMap((one) => (kept.has(one.id) ? [] : [[one.id, one]])))
      if (aged.size > 0) yield* remove(table, [...aged.values()])
      if (old.length < batchSize) return
      after = last.id
    }
  })

  /** Drops the partitions of months before this one, `2026-01`. One that holds what is on its way is left. */
  const partitionsBefore = Effect.fnUntraced(function* ({ prefix, table }: AgingTable, month: string) {
    const names = yield* partitions(
      yield* sql`SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = ${table}::regclass`
    )
    for (const { name } of names) {
      const [, year = "", number = ""] = /_(\d{4})_(\d{2})$/.exec(name) ?? []
      if (year === "" || `${year}-${number}` >= month) continue
      const [from, to] = [Date.UTC(Number(year), Number(number) - 1), Date.UTC(Number(year), Number(number))]
      if (yield* onTheirWay.anyMade(prefix, from, to)) continue
      yield* sql`DROP TABLE IF EXISTS ${sql(name)}`
    }
  })

  return { rowsBefore, partitionsBefore }
})
