import { type Event, EventId } from "@do-integrations/domain/Event"
import { Unprocessable } from "@do-integrations/domain/Problem"
import { Effect, Result, Schema } from "effect"
import { SqlClient } from "effect/sql"
import type { KeyedRequest } from "../IdempotencyKeys.ts"
import { newEventId } from "../Ids.ts"
import * as GroupCommit from "../Sql/GroupCommit.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { type Entry, eventColumns, eventRows, makeAppend } from "./Append.ts"
import * as Column from "../Sql/Column.ts"

/** An event to publish; with a key, only once in 24 hours. */
export interface Publication {
  readonly entry: Entry
  readonly keyed?: KeyedRequest | undefined
}

interface Keyed extends KeyedRequest {
  readonly id: EventId
}

/** What a publication came to. */
export interface Published {
  readonly event: Event
  /** An earlier request with the same key published it; this one did nothing. */
  readonly replayed: boolean
}

/** Events that one transaction takes. */
const maxBatch = 500

const Claimed = Schema.Struct({ id: EventId })
const Earlier = Schema.Struct({ place: Schema.Int, id: Schema.optionalKey(EventId) })

/** The first of each key: two requests with one key may come in the same batch. */
const firstOfEach = (requests: ReadonlyArray<Keyed>) => [
  ...new Map(requests.toReversed().map((one) => [`${one.tenantId} ${one.key}`, one])).values()
]

/**
 * Publishes: an event, its idempotency key and its deliveries are one commit, shared with whatever else is
 * published at that moment.
 */
export const makePublish = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const append = yield* makeAppend
  const claimedRows = rowsOf(Claimed)
  const earlierRows = rowsOf(Earlier)

  const columns = (requests: ReadonlyArray<Keyed>) => sql`unnest(
    ${Column.text(requests.map((one) => one.tenantId))}, ${Column.text(requests.map((one) => one.key))},
    ${Column.bytea(requests.map((one) => one.fingerprint))}, ${Column.text(requests.map((one) => one.id))}
  ) WITH ORDINALITY AS request(tenant_id, key, fingerprint, id, place)`

  // Here the whole answer is the event's id, which is no secret and is kept as it is.
  const claim = (requests: ReadonlyArray<Keyed>) =>
    sql`
      INSERT INTO idempotency_keys (tenant_id, key, fingerprint, state, answer, locked_until, expires_at)
      SELECT tenant_id, key, fingerprint, 'answered', convert_to(id, 'UTF8'), now(), now() + interval '24 hours'
      FROM ${columns(requests)} ORDER BY tenant_id, key
      ON CONFLICT (tenant_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, state = 'answered',
        answer = excluded.answer, expires_at = excluded.expires_at
      WHERE idempotency_keys.expires_at < now()
      RETURNING convert_from(answer, 'UTF8') AS id`.pipe(Effect.flatMap(claimedRows))

  /** The events that earlier requests with the same keys published; none where the request was another. */
  const earlier = Effect.fnUntraced(function* (requests: ReadonlyArray<Keyed>) {
    const found = yield* sql`
      SELECT request.place,
        CASE WHEN held.fingerprint = request.fingerprint THEN convert_from(held.answer, 'UTF8') END AS id
      FROM ${columns(requests)} JOIN idempotency_keys AS held USING (tenant_id, key)`.pipe(
      Effect.flatMap(earlierRows)
    )
    const events = yield* sql`
      SELECT ${sql.literal(eventColumns)} FROM events WHERE id = ANY(${Column.text(found.flatMap((row) => row.id ?? []))})`.pipe(
      Effect.flatMap(eventRows)
    )
    const byId = new Map(events.map((event) => [event.id, event]))
    return new Map(
      found.map(({ id, place }) => [requests[place - 1]?.id, id === undefined ? undefined : byId.get(id)])
    )
  })

  const commit = Effect.fnUntraced(function* (publications: ReadonlyArray<Publication>) {
    const items = yield* Effect.forEach(publications, (one) =>
      Effect.map(newEventId, (id) => ({ ...one, id }))
    )
    const keyed = items.flatMap((item) => (item.keyed === undefined ? [] : [{ ...item.keyed, id: item.id }]))
    const claimed = keyed.length === 0 ? [] : yield* claim(firstOfEach(keyed))
    const fresh = new Set(claimed.map((row) => row.id))
    const repeated = keyed.filter((one) => !fresh.has(one.id))
    const appended = yield* append(
      items
        .filter((item) => item.keyed === undefined || fresh.has(item.id))
        .map((item) => ({ ...item.entry, id: item.id }))
    )
    const events = new Map<EventId | undefined, Event | undefined>(appended.map((event) => [event.id, event]))
    if (repeated.length > 0) {
      for (const [id, event] of yield* earlier(repeated)) events.set(id, event)
    }
    return items.map(({ id, keyed }) =>
      Result.map(
        Result.fromNullishOr(
          events.get(id),
          () => new Unprocessable({ detail: "This Idempotency-Key belongs to another request" })
        ),
        (event): Published => ({ event, replayed: keyed !== undefined && !fresh.has(id) })
      )
    )
  })

  const commits = yield* GroupCommit.make({ name: "EventLog.publish", maxBatch, commit })

  return (publication: Publication) =>
    Effect.flatMap(Effect.orDie(commits.ask(publication)), (outcome) => Effect.fromResult(outcome))
})
