import { Clock, DateTime, Duration, Effect, Layer, Schedule, Schema } from "effect"
import { Singleton } from "effect/cluster"
import { SqlClient } from "effect/sql"
import { type AgingTable, batchSize, makeAged } from "./Retention/Aged.ts"
import { Topology } from "./Sql.ts"
import * as Column from "./Sql/Column.ts"
import { ensurePartitions, idAt } from "./Sql/Partitions.ts"
import { rowsOf } from "./Sql/Rows.ts"
import { vacuum } from "./Sql/Vacuum.ts"

/** How often one node of the cluster tidies up. */
export const tidySchedule = Schedule.spaced("1 hour")

/** How long after the start it does so first: what a crash left to be delivered has its turn before. */
const firstAfter = "1 minute"

/** Months after which nobody may keep anything: the longest retention is 365 days. */
const longestRetention = { months: 13 }

/** How old a row may be that was being written while its tenant was deleted. */
const stragglers = Duration.days(1)

/** A delivery, or a message, goes before what belongs to it, so that nothing is left half there. */
const aging: ReadonlyArray<AgingTable> = [
  { table: "deliveries", key: "id", prefix: "dlv" },
  { table: "undelivered", key: "delivery_id", prefix: "dlv" },
  { table: "attempts", key: "delivery_id", prefix: "dlv" },
  { table: "events", key: "id", prefix: "evt" },
  { table: "messages", key: "id", prefix: "msg" },
  { table: "unhandled", key: "message_id", prefix: "msg" },
  { table: "handling_attempts", key: "message_id", prefix: "msg" }
]

/** Days after which figures by the hour go: a little more than the longest span that they are asked for. */
const statisticsDays = 32

/** Tables of such figures. */
const hourly = ["delivery_statistics", "inbound_rejections"]

/** Days for which the platform keeps what vendors send to itself. */
const platformDays = 30

/** Tables whose rows say themselves when they may go. */
const expiring = ["idempotency_keys", "message_keys"]

const Keepers = Schema.Struct({ days: Schema.Int, ids: Schema.Array(Schema.String) })

const daysBefore = (millis: number, days: number) =>
  DateTime.toDateUtc(DateTime.subtract(DateTime.makeUnsafe(millis), { days }))

/**
 * Prepares partitions and lets go of what is too old: rows past their tenant's retention in small batches,
 * partitions past everybody's as a whole. What is still on its way is kept until it ends. Rows of a tenant that
 * is gone go too: one that was being written while it was deleted. The audit log is kept.
 */
export const tidy = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { embedded } = yield* Topology
  const keepers = rowsOf(Keepers)
  const aged = yield* makeAged

  const inBatches = <E, R>(statement: Effect.Effect<ReadonlyArray<unknown>, E, R>) =>
    Effect.repeat(statement, { while: (rows) => rows.length >= batchSize })

  yield* ensurePartitions
  const now = yield* Clock.currentTimeMillis
  const tooOld = DateTime.formatIsoDate(DateTime.subtract(DateTime.makeUnsafe(now), longestRetention))
  const tenants = yield* keepers(
    yield* sql`
      SELECT (settings::json ->> 'retentionDays')::int AS days, array_agg(id) AS ids FROM tenants GROUP BY 1`
  )
  for (const one of aging) {
    const { key, prefix, table } = one
    yield* aged.partitionsBefore(one, tooOld.slice(0, 7))
    for (const { days, ids } of tenants) {
      yield* aged.rowsBefore(one, ids, idAt(prefix, now - Duration.toMillis(Duration.days(days))))
    }
    yield* inBatches(sql`
      DELETE FROM ${sql(table)} WHERE (tenant_id, ${sql(key)}) IN (
        SELECT tenant_id, ${sql(key)} FROM ${sql(table)} WHERE ${sql(key)} > ${idAt(prefix, now - Duration.toMillis(stragglers))}
          AND tenant_id NOT IN (SELECT id FROM tenants) LIMIT ${batchSize})
      RETURNING 1`)
  }
  for (const { days, ids } of tenants) {
    const ended = daysBefore(now, days)
    yield* inBatches(sql`
      DELETE FROM jobs WHERE id IN (
        SELECT id FROM jobs WHERE completed_at < ${ended} AND tenant_id = ANY(${Column.text(ids)}) LIMIT ${batchSize})
      RETURNING 1`)
  }
  yield* inBatches(sql`
    WITH old AS (
      SELECT id FROM messages
      WHERE tenant_id IS NULL AND id < ${idAt("msg", now - Duration.toMillis(Duration.days(platformDays)))}
        AND NOT EXISTS (SELECT FROM unhandled WHERE message_id = messages.id AND due_at IS NOT NULL)
      ORDER BY id LIMIT ${batchSize}),
    ended AS (DELETE FROM unhandled WHERE message_id IN (SELECT id FROM old)),
    made AS (DELETE FROM handling_attempts WHERE message_id IN (SELECT id FROM old))
    DELETE FROM messages WHERE id IN (SELECT id FROM old) RETURNING 1`)
  const forgotten = daysBefore(now, statisticsDays)
  for (const table of hourly) {
    yield* inBatches(sql`
      DELETE FROM ${sql(table)} WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM ${sql(table)} WHERE hour < ${forgotten} LIMIT ${batchSize}))
      RETURNING 1`)
  }
  for (const table of expiring) {
    yield* inBatches(sql`
      DELETE FROM ${sql(table)} WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM ${sql(table)} WHERE expires_at < now() LIMIT ${batchSize}))
      RETURNING 1`)
  }
  if (embedded) yield* vacuum
}).pipe(Effect.withSpan("Retention.tidy"))

/** Tidies up on one node of the cluster, soon and then every hour. */
export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const context = yield* Effect.context<SqlClient.SqlClient | Topology>()
    const once = tidy.pipe(
      Effect.provideContext(context),
      Effect.catchCause((cause) => Effect.logError("Tidying up failed; it is tried again in an hour", cause))
    )
    return Singleton.make(
      "Retention",
      Effect.delay(Effect.asVoid(Effect.repeat(once, tidySchedule)), firstAfter)
    )
  })
)
