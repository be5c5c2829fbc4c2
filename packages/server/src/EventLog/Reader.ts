import type { Identity } from "@do-integrations/domain/ApiKey"
import { type Event, Position } from "@do-integrations/domain/Event"
import type { PageQuery } from "@do-integrations/domain/Page"
import type { CustomerId } from "@do-integrations/domain/Tenant"
import { Effect, Option, Schema, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { fetchLimit, toPage } from "../Sql/Paging.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { visibleTo } from "../Sql/Visible.ts"
import { eventColumns, eventRows } from "./Append.ts"
import { Ticker } from "./Ticker.ts"

/** Which events a reader wants. */
export interface EventFilter {
  readonly customerId?: CustomerId | undefined
  readonly type?: string | undefined
}

/** Events read at a time while catching up. */
const batchSize = 50

/** How soon to look again for an event that is committed but may still be preceded by a slower commit. */
const settleDelay = "20 millis"

/** How long to trust that every commit was announced. */
const unannounced = "10 seconds"

const Settled = Schema.Struct({ settled: Schema.Boolean })
const Horizon = Schema.Struct({ horizon: Position })

const split = (position: string) => position.split("-", 2)

const transactionOf = (position: Position) => BigInt(split(position)[0] ?? "")

const later = (a: Position, b: Position) => (transactionOf(b) > transactionOf(a) ? b : a)

/** Reads the log: a page backwards, or everything from a position on, as it happens. */
export const makeReader = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const ticker = yield* Ticker
  const settledRows = rowsOf(Settled)
  const horizonRows = rowsOf(Horizon)

  const matching = (caller: Identity, { customerId, type }: EventFilter) => sql`
    ${visibleTo(sql, caller, customerId)} ${type === undefined ? sql`` : sql`AND type = ${type}`}`

  const settled = sql`xid < pg_snapshot_xmin(pg_current_snapshot())`
  // A position of a server that this database was restored from lies in the future: see Sql/Restored.
  const transactionAt = (xid = "0") => sql`
    CASE WHEN ${xid}::xid8 > pg_snapshot_xmax(pg_current_snapshot()) THEN '0'::xid8 ELSE ${xid}::xid8 END`
  const horizonColumn = sql`pg_snapshot_xmin(pg_current_snapshot())::text || '-0'`

  const now = sql`SELECT ${horizonColumn} AS horizon`.pipe(
    Effect.flatMap(horizonRows),
    Effect.flatMap(([row]) => (row === undefined ? Effect.die("No snapshot") : Effect.succeed(row.horizon))),
    Effect.orDie
  )

  const list = Effect.fn("EventLog.list")(function* (caller: Identity, query: PageQuery & EventFilter) {
    const [xid, sequence] = split(query.cursor ?? "")
    // Before the page: an event that commits in between stands on the page or after the horizon.
    const horizon = yield* now
    const rows = yield* sql`
      SELECT ${sql.literal(eventColumns)} FROM events
      WHERE ${matching(caller, query)}
        ${query.cursor === undefined ? sql`` : sql`AND (xid, sequence) < (${transactionAt(xid)}, ${sequence}::bigint)`}
      ORDER BY xid DESC, sequence DESC LIMIT ${fetchLimit(query)}`
    return { ...toPage(query, yield* eventRows(rows), (event) => event.position), horizon }
  }, Effect.orDie)

  // Transactions commit in another order than they got their ids. An event is given out only once no
  // transaction before it can still commit, so that a reader who resumes after it has missed nothing.
  const readAfter = Effect.fnUntraced(function* (caller: Identity, filter: EventFilter, position: Position) {
    const [xid, sequence] = split(position)
    const rows = yield* sql<{ id: string | null }>`
      SELECT horizon, id, type, customer_id, channels, subject, data, created_at, position, settled
      FROM (SELECT ${horizonColumn} AS horizon) AS snapshot LEFT JOIN LATERAL (
        SELECT ${sql.literal(eventColumns)}, ${settled} AS settled, xid, sequence FROM events
        WHERE ${matching(caller, filter)} AND (xid, sequence) > (${transactionAt(xid)}, ${sequence}::bigint)
        ORDER BY events.xid, events.sequence LIMIT ${batchSize}) AS event ON true
      ORDER BY xid, sequence`
    const [snapshot] = yield* horizonRows(rows.slice(0, 1))
    const found = rows.filter((row) => row.id !== null)
    const end = (yield* settledRows(found)).findIndex((row) => !row.settled)
    const events = yield* eventRows(end < 0 ? found : found.slice(0, end))
    return { events, settling: end >= 0, horizon: snapshot?.horizon ?? position }
  }, Effect.orDie)

  /** Everything after `from`, or from now on, without an end. */
  const stream = (caller: Identity, filter: EventFilter, from?: Position): Stream.Stream<Event> =>
    Stream.unwrap(
      Effect.gen(function* () {
        // Subscribed before the first read, so that no commit falls between a read and the wait after it.
        const committed = yield* ticker.subscribe
        return Stream.paginate(from ?? (yield* now), (position) =>
          Effect.gen(function* () {
            const { events, horizon, settling } = yield* readAfter(caller, filter, position)
            const last = events.at(-1)
            if (last !== undefined) return [events, Option.some(last.position)] as const
            yield* settling ? Effect.sleep(settleDelay) : Effect.timeoutOption(committed, unannounced)
            // Nothing that the filter takes stands before the horizon: the next read begins there.
            return [events, Option.some(settling ? position : later(position, horizon))] as const
          })
        )
      })
    )

  return { list, stream }
})
