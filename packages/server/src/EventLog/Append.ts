import { Event, EventId, Position } from "@do-integrations/domain/Event"
import type { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import { Timestamp } from "@do-integrations/domain/Time"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { DateTime, Effect, Schema, Struct } from "effect"
import { SqlClient } from "effect/sql"
import { newEventIds } from "../Ids.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { type Appended, Subscribers } from "./Subscribers.ts"
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
  readonly channels?: ReadonlyArray<string> | undefined
  readonly data: Schema.Json
  /** Set: it goes to this endpoint alone, whatever the endpoint takes. */
  readonly only?: OutboundWebhookId | undefined
}

/** The columns of an event, in the names of the domain. */
export const eventColumns = `id, type, customer_id, channels, subject, data, created_at,
  xid::text || '-' || sequence AS position`

/** An event as a row. Its data is JSON text there: as a value, `null` would look like a column without one. */
const EventRow = Schema.Struct({
  ...Struct.map(Event.fields, Schema.toEncoded),
  data: Schema.fromJsonString(Schema.Json)
}).pipe(Schema.decodeTo(Event))

export const eventRows = rowsOf(EventRow)

/** What the database adds to an event that is written. */
const Added = Schema.Struct({ id: EventId, createdAt: Timestamp, position: Position })
const addedRows = rowsOf(Added)

/** The columns of {@link Added}. */
const addedColumns = "id, created_at, xid::text || '-' || sequence AS position"

/** Events that were written, with what the database answered. */
export interface Written {
  readonly entries: ReadonlyArray<Entry & { readonly id: EventId }>
  readonly rows: ReadonlyArray<object>
}

const eventOf = (
  { channels, customerId, data, subject, type }: Entry,
  { createdAt, id, position }: typeof Added.Type
) =>
  new Event({
    id,
    type,
    data,
    createdAt,
    position,
    ...(customerId === undefined ? {} : { customerId }),
    ...(channels === undefined ? {} : { channels }),
    ...(subject === undefined ? {} : { subject })
  })

/** The events that were written as they stand in the log, in the order given. */
export const eventsOf = Effect.fnUntraced(function* ({ entries, rows }: Written) {
  const added = new Map((yield* addedRows(rows)).map((row) => [row.id, row]))
  return entries.flatMap((entry) => {
    const row = added.get(entry.id)
    return row === undefined ? [] : [eventOf(entry, row)]
  })
})

/**
 * Writes events and their deliveries in the caller's transaction, and tells readers and endpoints once it
 * has committed.
 */
export const makeAppend = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const subscribers = yield* Subscribers
  const ticker = yield* Ticker

  /** Without `answer`, nobody asks what the database has added. */
  return Effect.fn("EventLog.append")(function* (given: ReadonlyArray<Entry>, answer = true) {
    const at = yield* DateTime.nowAsDate
    const ids = yield* newEventIds(given.length)
    const entries = given.flatMap((entry, place) => {
      const id = entry.id ?? ids[place]
      return id === undefined ? [] : [{ ...entry, id, json: JSON.stringify(entry.data) }]
    })
    if (entries.length === 0) return { entries, rows: [] } satisfies Written
    const appended = entries.map(
      ({ channels, customerId, data, id, json, only, tenantId, type }): Appended => ({
        id,
        tenantId,
        type,
        data,
        json,
        at,
        ...(customerId === undefined ? {} : { customerId }),
        ...(channels === undefined ? {} : { channels }),
        ...(only === undefined ? {} : { only })
      })
    )
    const insert = sql`
      INSERT INTO events (id, tenant_id, customer_id, type, channels, subject, data, created_at)
      SELECT id, tenant_id, customer_id, type, string_to_array(channels, ' '), subject, data, ${at} FROM unnest(
        ${Column.text(entries.map((entry) => entry.id))}, ${Column.text(entries.map((entry) => entry.tenantId))},
        ${Column.text(entries.map((entry) => entry.customerId ?? null))}, ${Column.text(entries.map((entry) => entry.type))},
        ${Column.text(entries.map((entry) => entry.channels?.join(" ") ?? null))},
        ${Column.text(entries.map((entry) => entry.subject ?? null))}, ${Column.text(entries.map((entry) => entry.json))}
      ) WITH ORDINALITY AS row(id, tenant_id, customer_id, type, channels, subject, data, place)
      ORDER BY place`
    const takers = subscribers.takers(appended)
    // Every way to the database and back counts: where nobody asks for an answer, one is enough.
    const rows = answer ? yield* sql`${insert} RETURNING ${sql.literal(addedColumns)}` : []
    yield* subscribers.appended(
      appended,
      yield* answer ? sql`${takers}` : sql`WITH event AS (${insert}) ${takers}`
    )
    yield* sql.afterCommit(ticker.tick)
    return { entries, rows } satisfies Written
  }, Effect.orDie)
})
