import type { Event } from "@do-integrations/domain/Event"
import { Effect, Result } from "effect"
import { SqlClient } from "effect/sql"
import { IdempotencyKeys } from "../IdempotencyKeys.ts"
import { type KeyedRequest, keyTaken } from "../IdempotencyKeys/KeyedRequest.ts"
import { newEventIds } from "../Ids.ts"
import * as Column from "../Sql/Column.ts"
import * as GroupCommit from "../Sql/GroupCommit.ts"
import { type Entry, eventColumns, eventRows, eventsOf, makeAppend } from "./Append.ts"

/** An event to publish; with a key, only once in its lifetime. */
export interface Publication {
  readonly entry: Entry
  readonly keyed?: KeyedRequest | undefined
}

/** What a publication came to. */
export interface Published {
  readonly event: Event
  /** An earlier request with the same key published it; this one did nothing. */
  readonly replayed: boolean
}

/** Events that one transaction takes. */
const maxBatch = 500

/**
 * Publishes: an event, its idempotency key and its deliveries are one commit, shared with whatever else is
 * published at that moment. Fails with `Unprocessable` when the key belongs to another request.
 */
export const makePublish = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const keys = yield* IdempotencyKeys
  const append = yield* makeAppend

  const eventsBy = (ids: ReadonlyArray<string>) =>
    sql`SELECT ${sql.literal(eventColumns)} FROM events WHERE id = ANY(${Column.text(ids)})`.pipe(
      Effect.flatMap(eventRows)
    )

  const commit = Effect.fnUntraced(function* (publications: ReadonlyArray<Publication>) {
    const ids = yield* newEventIds(publications.length)
    const items = publications.flatMap((one, place) => {
      const id = ids[place]
      return id === undefined ? [] : [{ ...one, id }]
    })
    const requests = items.flatMap(({ id, keyed }) =>
      keyed === undefined ? [] : [{ ...keyed, reference: id }]
    )
    const fresh = yield* keys.claimAll(requests)
    const isRepeated = ({ id, keyed }: (typeof items)[number]) => keyed !== undefined && !fresh.has(id)
    const written = yield* append(
      items.filter((item) => !isRepeated(item)).map(({ entry, id }) => ({ ...entry, id }))
    )
    const appended = yield* eventsOf(written)
    const earlier = yield* keys.earlier(requests.filter(({ reference }) => !fresh.has(reference)))
    const replayed = earlier.size === 0 ? [] : yield* eventsBy([...earlier.values()])
    const events = new Map<string, Event>([...appended, ...replayed].map((event) => [event.id, event]))
    return items.map((item) =>
      Result.map(
        Result.fromNullishOr(events.get(earlier.get(item.id) ?? item.id), keyTaken),
        (event): Published => ({ event, replayed: isRepeated(item) })
      )
    )
  })

  const commits = yield* GroupCommit.make({
    name: "EventLog.publish",
    maxBatch,
    weigh: ({ entry }) => JSON.stringify(entry.data).length,
    commit
  })
  return commits.ask
})
