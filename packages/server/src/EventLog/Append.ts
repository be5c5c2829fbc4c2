import { Event, type EventId } from "@do-integrations/domain/Event"
import type { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import { Effect, Schema, Struct } from "effect"
import { SqlClient } from "effect/sql"
import { newEventId } from "../Ids.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { Subscribers } from "./Subscribers.ts"
import { Ticker } from "./Ticker.ts"
import * as Column from "../Sql/Column.ts"

/** An event on its way into the log. */
export interface Entry {
  /** Minted here unless it is given. */
  readonly id?: EventId | undefined
  readonly tenantId: TenantId
  readonly customerId?: CustomerId | undefined
  readonly type: string
  readonly subject?: string | undefined
  readonly data: Schema.Json
}

/** The columns of an event, in the names of the domain. */
export const eventColumns = `id, type, customer_id, subject, data, created_at,
  xid::text || '-' || sequence AS position`

/** An event as a row. Its data is JSON text there: as a value, `null` would look like a column without one. */
const EventRow = Schema.Struct({
  ...Struct.map(Event.fields, Schema.toEncoded),
  data: Schema.fromJsonString(Schema.Json)
}).pipe(Schema.decodeTo(Event))

export const eventRows = rowsOf(EventRow)

/**
 * Writes events and their deliveries in the caller's transaction, and tells readers and endpoints once it
 * has committed. Answers with the events as they stand in the log, in the order given.
 */
export const makeAppend = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const subscribers = yield* Subscribers
  const ticker = yield* Ticker

  return Effect.fn("EventLog.append")(function* (entries: ReadonlyArray<Entry>) {
    if (entries.length === 0) return []
    const rows = yield* Effect.forEach(entries, (entry) =>
      Effect.map(entry.id === undefined ? newEventId : Effect.succeed(entry.id), (id) => ({ ...entry, id }))
    )
    const inserted = yield* sql`
      INSERT INTO events (id, tenant_id, customer_id, type, subject, data)
      SELECT id, tenant_id, customer_id, type, subject, data FROM unnest(
        ${Column.text(rows.map((row) => row.id))}, ${Column.text(rows.map((row) => row.tenantId))},
        ${Column.text(rows.map((row) => row.customerId ?? null))}, ${Column.text(rows.map((row) => row.type))},
        ${Column.text(rows.map((row) => row.subject ?? null))}, ${Column.text(rows.map((row) => JSON.stringify(row.data)))}
      ) WITH ORDINALITY AS row(id, tenant_id, customer_id, type, subject, data, place)
      ORDER BY place
      RETURNING ${sql.literal(eventColumns)}`.pipe(Effect.flatMap(eventRows))
    yield* subscribers.appended(
      rows.map(({ customerId, id, tenantId, type }) => ({
        id,
        tenantId,
        type,
        ...(customerId === undefined ? {} : { customerId })
      }))
    )
    yield* sql.afterCommit(ticker.tick)
    const byId = new Map<EventId, Event>(inserted.map((event) => [event.id, event]))
    return rows.flatMap((row) => byId.get(row.id) ?? [])
  }, Effect.orDie)
})
