import { Clock, DateTime, Duration, Effect, Layer, Schedule, Schema } from "effect"
import { Singleton } from "effect/cluster"
import { SqlClient } from "effect/sql"
import { Topology } from "./Sql.ts"
import * as Column from "./Sql/Column.ts"
import { ensurePartitions, idAt } from "./Sql/Partitions.ts"
import { rowsOf } from "./Sql/Rows.ts"

/** How often one node of the cluster tidies up. */
export const tidySchedule = Schedule.spaced("1 hour")

/** Rows that one statement deletes, so that none holds locks for long. */
const batchSize = 1000

/** Months after which nobody may keep anything: the longest retention is 365 days. */
const longestRetention = { months: 13 }

/** How old a row may be that was being written while its tenant was deleted. */
const stragglers = Duration.days(1)

/** Tables whose rows a tenant keeps for its `retentionDays`, with the prefix of their ids. */
const kept = { events: "evt", messages: "msg", deliveries: "dlv", attempts: "att" }

/** Tables whose rows say themselves when they may go. */
const expiring = ["idempotency_keys", "message_keys"]

const Partition = Schema.Struct({ name: Schema.String })
const Keepers = Schema.Struct({ days: Schema.Int, ids: Schema.Array(Schema.String) })

/**
 * Prepares partitions and lets go of what is too old: rows past their tenant's retention in small batches,
 * partitions past everybody's as a whole. Rows of a tenant that is gone go too: one that was being written
 * while it was deleted. The audit log is kept.
 */
export const tidy = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { embedded } = yield* Topology
  const keepers = rowsOf(Keepers)
  const partitions = rowsOf(Partition)

  const inBatches = <E, R>(statement: Effect.Effect<ReadonlyArray<unknown>, E, R>) =>
    Effect.repeat(statement, { while: (rows) => rows.length === batchSize })

  yield* ensurePartitions
  const now = yield* Clock.currentTimeMillis
  const tooOld = DateTime.formatIsoDate(DateTime.subtract(DateTime.makeUnsafe(now), longestRetention))
  const tenants = yield* keepers(
    yield* sql`
      SELECT (settings::json ->> 'retentionDays')::int AS days, array_agg(id) AS ids FROM tenants GROUP BY 1`
  )
  for (const [table, prefix] of Object.entries(kept)) {
    const names = yield* partitions(
      yield* sql`SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = ${table}::regclass`
    )
    const past = names.filter(({ name }) => {
      const [, year, month] = /_(\d{4})_(\d{2})$/.exec(name) ?? []
      return year !== undefined && month !== undefined && `${year}-${month}` < tooOld.slice(0, 7)
    })
    yield* Effect.forEach(past, ({ name }) => sql`DROP TABLE IF EXISTS ${sql(name)}`, { discard: true })
    // Ids sort by time, so what is old enough stands at the beginning of the table's key.
    for (const { days, ids } of tenants) {
      const bound = idAt(prefix, now - Duration.toMillis(Duration.days(days)))
      yield* inBatches(sql`
        DELETE FROM ${sql(table)} WHERE id IN (
          SELECT id FROM ${sql(table)} WHERE id < ${bound} AND tenant_id = ANY(${Column.text(ids)})
          ORDER BY id LIMIT ${batchSize})
        RETURNING id`)
    }
    yield* inBatches(sql`
      DELETE FROM ${sql(table)} WHERE id IN (
        SELECT id FROM ${sql(table)} WHERE id > ${idAt(prefix, now - Duration.toMillis(stragglers))}
          AND tenant_id NOT IN (SELECT id FROM tenants) LIMIT ${batchSize})
      RETURNING id`)
  }
  for (const table of expiring) {
    yield* inBatches(sql`
      DELETE FROM ${sql(table)} WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM ${sql(table)} WHERE expires_at < now() LIMIT ${batchSize}))
      RETURNING 1`)
  }
  // Nothing else vacuums the embedded database.
  if (embedded) yield* sql`VACUUM (ANALYZE)`
}).pipe(Effect.withSpan("Retention.tidy"))

/** Tidies up on one node of the cluster, now and every hour. */
export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const context = yield* Effect.context<SqlClient.SqlClient | Topology>()
    const once = tidy.pipe(
      Effect.provideContext(context),
      Effect.catchCause((cause) => Effect.logError("Tidying up failed; it is tried again in an hour", cause))
    )
    return Singleton.make("Retention", Effect.asVoid(Effect.repeat(once, tidySchedule)))
  })
)
