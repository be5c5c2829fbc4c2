import { Clock, DateTime, Effect, Layer, Schedule, Schema } from "effect"
import { Singleton } from "effect/cluster"
import { SqlClient } from "effect/sql"
import { Topology } from "./Sql.ts"
import { ensurePartitions } from "./Sql/Partitions.ts"
import { rowsOf } from "./Sql/Rows.ts"

/** How often one node of the cluster tidies up. */
export const tidySchedule = Schedule.spaced("1 hour")

/** Rows that one statement deletes, so that none holds locks for long. */
const batchSize = 1000

/** Months after which nobody may keep anything: the longest retention is 365 days. */
const longestRetention = { months: 13 }

/** Tables whose rows a tenant keeps for its `retentionDays`, with the column that tells their age. */
const kept = { events: "created_at", messages: "received_at", deliveries: "created_at", attempts: "at" }

/** Tables whose rows say themselves when they may go. */
const expiring = ["idempotency_keys", "message_keys"]

const Partition = Schema.Struct({ name: Schema.String })

/**
 * Prepares partitions and lets go of what is too old: rows past their tenant's retention in small batches,
 * partitions past everybody's as a whole. Rows of a tenant that is gone go too: one that was being written
 * while it was deleted. The audit log is kept.
 */
export const tidy = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { embedded } = yield* Topology
  const partitions = rowsOf(Partition)

  const inBatches = <E, R>(statement: Effect.Effect<ReadonlyArray<unknown>, E, R>) =>
    Effect.repeat(statement, { while: (rows) => rows.length === batchSize })

  yield* ensurePartitions
  for (const [table, column] of Object.entries(kept)) {
    const tooOld = DateTime.formatIsoDate(
      DateTime.subtract(DateTime.makeUnsafe(yield* Clock.currentTimeMillis), longestRetention)
    )
    const names = yield* partitions(
      yield* sql`SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = ${table}::regclass`
    )
    const past = names.filter(({ name }) => {
      const [, year, month] = /_(\d{4})_(\d{2})$/.exec(name) ?? []
      return year !== undefined && month !== undefined && `${year}-${month}` < tooOld.slice(0, 7)
    })
    yield* Effect.forEach(past, ({ name }) => sql`DROP TABLE IF EXISTS ${sql(name)}`, { discard: true })
    yield* inBatches(sql`
      DELETE FROM ${sql(table)} WHERE id IN (
        SELECT aged.id FROM ${sql(table)} AS aged LEFT JOIN tenants ON tenants.id = aged.tenant_id
        WHERE tenants.id IS NULL OR aged.${sql(column)} < now() - make_interval(days => (tenants.settings::json ->> 'retentionDays')::int)
        LIMIT ${batchSize})
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
