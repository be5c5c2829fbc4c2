import type { Database } from "@do-integrations/server/Config"
import * as Sql from "@do-integrations/server/Sql"
import { rowsOf } from "@do-integrations/server/Sql/Rows"
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { paged, pageSize } from "../../../bench/Pages.ts"
import { readKilled } from "../Tables.ts"

/** A message that a route had not handled when the service was killed. */
export const Waiting = Schema.Struct({
  webhookId: Schema.String,
  messageId: Schema.String,
  route: Schema.String,
  /** Left out where nothing follows. */
  dueAt: Schema.optionalKey(Schema.String)
})
export type Waiting = typeof Waiting.Type

/** Every message that a route has not handled, in a database whose service was killed. */
export const waitingIn = (database: Database) =>
  readKilled(
    database,
    SqlClient.SqlClient.use((sql) => sql`SELECT webhook_id, message_id, route, due_at FROM unhandled`).pipe(
      Effect.flatMap(rowsOf(Waiting))
    )
  )

const Message = Schema.Struct({
  id: Schema.String,
  webhookId: Schema.String,
  /** The sender's id of it. */
  nonce: Schema.String,
  routes: Schema.Array(Schema.String),
  body: Schema.String
})

/** Attempts by message and route, with a space between. */
const Attempts = Schema.Struct({
  id: Schema.String,
  recorded: Schema.Int,
  highest: Schema.Int,
  succeeded: Schema.Int
})

/** What was done with a message: how often, and for what. */
const Made = Schema.Struct({ id: Schema.String, count: Schema.Int, what: Schema.String })

const Unhandled = Schema.Struct({ messageId: Schema.String, route: Schema.String, state: Schema.String })
const Received = Schema.Struct({ webhookId: Schema.String, count: Schema.Int })

/** All that the tables say in the end, in a database whose service has stopped. */
export const everythingIn = (database: Database) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [message, attempts, made] = [rowsOf(Message), rowsOf(Attempts), rowsOf(Made)]
    return {
      messages: yield* paged((after) =>
        sql`
          SELECT id, webhook_id, external_id AS nonce, routes, convert_from(body, 'UTF8') AS body
          FROM messages WHERE id > ${after} ORDER BY id LIMIT ${pageSize}`.pipe(Effect.flatMap(message))
      ),
      attempts: yield* paged((after) =>
        sql`
          SELECT * FROM (
            SELECT message_id || ' ' || route AS id, count(*)::int AS recorded, max(number) AS highest,
              (count(*) FILTER (WHERE error IS NULL))::int AS succeeded
            FROM handling_attempts GROUP BY message_id, route) AS attempt
          WHERE id > ${after} ORDER BY id LIMIT ${pageSize}`.pipe(Effect.flatMap(attempts))
      ),
      /** The events that were made of messages, by message: the type and the nonce in the data. */
      events: yield* paged((after) =>
        sql`
          SELECT subject AS id, count(*)::int AS count,
            min(type || ' ' || (data::json -> 'payload' ->> 'nonce')) AS what
          FROM events WHERE type LIKE 'chaos.%' AND subject > ${after}
          GROUP BY subject ORDER BY subject LIMIT ${pageSize}`.pipe(Effect.flatMap(made))
      ),
      /** What the transactional handler wrote, by message: the number of the attempt. */
      ledger: yield* paged((after) =>
        sql`
          SELECT message_id AS id, count(*)::int AS count, min(attempt)::text AS what
          FROM handled_ledger WHERE message_id > ${after}
          GROUP BY message_id ORDER BY message_id LIMIT ${pageSize}`.pipe(Effect.flatMap(made))
      ),
      unhandled: yield* Effect.flatMap(
        sql`SELECT message_id, route, state FROM unhandled LIMIT ${pageSize}`,
        rowsOf(Unhandled)
      ),
      /** `webhook:received` events by webhook. */
      received: yield* sql`
        SELECT subject AS webhook_id, count(*)::int AS count
        FROM events WHERE type = 'webhook:received' GROUP BY 1`.pipe(Effect.flatMap(rowsOf(Received)))
    }
  }).pipe(Effect.provide(Sql.layer(database)))

export type Everything = Effect.Success<ReturnType<typeof everythingIn>>
