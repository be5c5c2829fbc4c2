import { Duration, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as Column from "../Sql/Column.ts"
import { idAt, longestCommit, timeOf } from "../Sql/Partitions.ts"
import { rowsOf } from "../Sql/Rows.ts"

/** A row by its tenant and its id; an attempt by its delivery's. */
export const Old = Schema.Struct({ tenantId: Schema.String, id: Schema.String })
export type Old = typeof Old.Type

/** What the ids in a table begin with: events, deliveries and messages have their times in them. */
export type Prefix = "dlv" | "evt" | "msg"

/** A delivery is made in the commit of its event. */
const apart = Duration.toMillis(longestCommit)

/**
 * Finds what is still on its way: pending, to be tried again, or holding up its order. It is kept with its event, or
 * its message, and its attempts until it ends, however old it is. What has lost those ends never, and is not kept.
 */
export const makeOnTheirWay = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const ids = rowsOf(Schema.Struct({ id: Schema.String }))
  const deliverable = sql.literal(
    "due_at IS NOT NULL AND EXISTS (SELECT FROM events WHERE events.id = undelivered.event_id)"
  )

  const deliveries = (old: ReadonlyArray<Old>) => sql`
    SELECT old.id FROM unnest(
      ${Column.text(old.map(({ tenantId }) => tenantId))}, ${Column.text(old.map(({ id }) => id))}) AS old(tenant_id, id)
    CROSS JOIN LATERAL (
      SELECT FROM undelivered WHERE tenant_id = old.tenant_id AND delivery_id = old.id AND ${deliverable} LIMIT 1
    ) AS waiting`

  // No index leads from an event to its deliveries: their ids are from about the same time.
  const events = (old: ReadonlyArray<Old>, first: Old, last: Old) => sql`
    SELECT DISTINCT old.id FROM undelivered
    JOIN unnest(${Column.text(old.map(({ id }) => id))}) AS old(id) ON old.id = undelivered.event_id
    WHERE tenant_id = ANY(${Column.text([...new Set(old.map(({ tenantId }) => tenantId))])})
      AND delivery_id >= ${idAt("dlv", timeOf(first.id) - apart)}
      AND delivery_id < ${idAt("dlv", timeOf(last.id) + apart)}
      AND due_at IS NOT NULL`

  const waiting = sql.literal(
    "due_at IS NOT NULL AND EXISTS (SELECT FROM messages WHERE messages.id = unhandled.message_id)"
  )

  const messages = (old: ReadonlyArray<Old>) => sql`
    SELECT DISTINCT message_id AS id FROM unhandled
    WHERE message_id = ANY(${Column.text(old.map(({ id }) => id))}) AND ${waiting}`

  /** Which of these rows, in the order of their ids, belong to what is on its way. */
  const among = Effect.fnUntraced(function* (prefix: Prefix, old: ReadonlyArray<Old>) {
    const [first, last] = [old.at(0), old.at(-1)]
    if (first === undefined || last === undefined) return new Set<string>()
    const found = yield* prefix === "dlv"
      ? deliveries(old)
      : prefix === "msg"
        ? messages(old)
        : events(old, first, last)
    return new Set((yield* ids(found)).map(({ id }) => id))
  })

  /** Whether anything is on its way that was made between two times, in unix milliseconds. */
  const anyMade = (prefix: Prefix, from: number, to: number) =>
    Effect.map(
      prefix === "msg"
        ? sql`
        SELECT FROM unhandled
        WHERE message_id >= ${idAt("msg", from)} AND message_id < ${idAt("msg", to)} AND ${waiting} LIMIT 1`
        : sql`
        SELECT FROM tenants CROSS JOIN LATERAL (
          SELECT FROM undelivered
          WHERE tenant_id = tenants.id AND delivery_id >= ${idAt("dlv", from - apart)}
            AND delivery_id < ${idAt("dlv", to + apart)} AND ${deliverable} LIMIT 1) AS waiting
        LIMIT 1`,
      (rows) => rows.length > 0
    )

  return { among, anyMade }
})
