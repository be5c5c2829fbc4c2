import { Clock, DateTime, Duration, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { fromUUIDBytes, TypeID } from "typeid-js"
import * as Column from "./Column.ts"
import { rowsOf } from "./Rows.ts"

/** The tables that grow without end, with the prefix of the ids they are partitioned by, a partition a month. */
const partitioned = {
  events: "evt",
  messages: "msg",
  deliveries: "dlv",
  attempts: "dlv",
  handling_attempts: "msg",
  audit_log: "aud"
}

/** Months that are prepared beyond the present one. */
const monthsAhead = 2

/** The last time that an id can hold. */
const latest = 2 ** 48 - 1

/** The smallest id with `prefix` that can be minted at `millis` (UUIDv7: 48 bits of unix milliseconds first). */
export const idAt = (prefix: string, millis: number): string => {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(Math.min(Math.max(millis, 0), latest)) << 16n)
  return fromUUIDBytes(prefix, bytes)
}

/** When an id was minted, in unix milliseconds. */
export const timeOf = (id: string): number => {
  const { buffer } = TypeID.fromString(id).toUUIDBytes()
  return Number(new DataView(buffer).getBigUint64(0) >> 16n)
}

/**
 * More than any commit takes: ids that are minted in one are no further apart, and where several nodes mint them,
 * their clocks are not either.
 */
export const longestCommit = Duration.minutes(10)

const relations = rowsOf(Schema.Struct({ name: Schema.String }))

const months = Effect.map(Clock.currentTimeMillis, (now) => {
  const first = DateTime.startOf(DateTime.makeUnsafe(now), "month")
  return Array.from({ length: monthsAhead + 1 }, (_, index) => ({
    from: DateTime.add(first, { months: index }),
    to: DateTime.add(first, { months: index + 1 })
  }))
})

/**
 * Makes one partition in a transaction of its own: making it locks its table, and a lock held while waiting
 * for another table's would deadlock with everybody who writes to both.
 */
const ensure = Effect.fnUntraced(function* (table: string, name: string, bounds: string) {
  const sql = yield* SqlClient.SqlClient
  yield* Effect.gen(function* () {
    yield* sql`SELECT pg_advisory_xact_lock(hashtext('do-integrations partitions'))`
    yield* sql.unsafe(`CREATE TABLE IF NOT EXISTS ${name} PARTITION OF ${table} ${bounds}`)
  }).pipe(sql.withTransaction)
})

/**
 * Prepares the partitions of this month and the next two, and one that takes whatever falls outside, so
 * that an insert never fails for want of a partition. Safe to run on several nodes at once. A month whose
 * rows already lie outside stays there.
 */
export const ensurePartitions = Effect.gen(function* () {
  const ranges = yield* months
  const wanted = Object.entries(partitioned).flatMap(([table, prefix]) => [
    { table, name: `${table}_rest`, bounds: "DEFAULT" },
    ...ranges.map(({ from, to }) => {
      const [low, high] = [from, to].map((time) => idAt(prefix, DateTime.toEpochMillis(time)))
      const name = `${table}_${DateTime.formatIsoDate(from).slice(0, 7).replace("-", "_")}`
      return { table, name, bounds: `FOR VALUES FROM ('${low}') TO ('${high}')` }
    })
  ])
  const sql = yield* SqlClient.SqlClient
  const present = new Set(
    (yield* relations(
      yield* sql`SELECT relname AS name FROM pg_class WHERE relname = ANY(${Column.text(wanted.map(({ name }) => name))})`
    )).map(({ name }) => name)
  )
  for (const { bounds, name, table } of wanted.filter((one) => !present.has(one.name))) {
    yield* ensure(table, name, bounds).pipe(
      Effect.catchTag("SqlError", (error) =>
        Effect.logWarning(`The partition ${name} could not be made; ${table}_rest takes its rows`, error)
      )
    )
  }
}).pipe(Effect.withSpan("Partitions.ensure"))
