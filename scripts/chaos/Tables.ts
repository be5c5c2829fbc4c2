import type { Database } from "@do-integrations/server/Config"
import * as Sql from "@do-integrations/server/Sql"
import { rowsOf } from "@do-integrations/server/Sql/Rows"
import { DeliveryState } from "@do-integrations/domain/Webhook/Delivery"
import { Effect, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as Databases from "../../bench/Databases.ts"
import { paged, pageSize } from "../../bench/Pages.ts"

/** A delivery that had not succeeded when the service was killed. */
export const Waiting = Schema.Struct({
  webhookId: Schema.String,
  eventId: Schema.String,
  sequence: Schema.Int,
  orderingKey: Schema.optionalKey(Schema.String),
  state: DeliveryState,
  attempts: Schema.Int,
  /** Left out where nothing follows. */
  dueAt: Schema.optionalKey(Schema.String)
})
export type Waiting = typeof Waiting.Type

/** A delivery with what the tables say of its attempts. */
export const Kept = Schema.Struct({
  id: Schema.String,
  webhookId: Schema.String,
  eventId: Schema.String,
  eventType: Schema.String,
  sequence: Schema.Int,
  orderingKey: Schema.optionalKey(Schema.String),
  state: DeliveryState,
  recorded: Schema.Int,
  highest: Schema.Int,
  lastStatus: Schema.optionalKey(Schema.Int)
})
export type Kept = typeof Kept.Type

const Sent = Schema.Struct({ webhookId: Schema.String, success: Schema.Boolean, count: Schema.Int })
const Named = Schema.Struct({ id: Schema.String, name: Schema.String })
const Others = Schema.Struct({ others: Schema.Int })

/** What a transaction of the killed process did is certain only when its connections have gone. */
const alone = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    SELECT count(*)::int AS others FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`.pipe(
    Effect.flatMap(rowsOf(Others)),
    Effect.repeat({ schedule: Schedule.spaced("5 millis"), until: ([row]) => row?.others === 0 })
  )
})

/**
 * Reads a database whose service was killed. The embedded database is read in a copy: the service itself has to find
 * it as the kill left it.
 */
export const readKilled = Effect.fnUntraced(function* <A, E>(
  database: Database,
  read: Effect.Effect<A, E, SqlClient.SqlClient>
) {
  return database._tag === "Postgres"
    ? yield* Effect.andThen(alone, read).pipe(Effect.provide(yield* Databases.connection(database.url)))
    : yield* Effect.provide(read, Sql.layer(yield* Databases.copyOf(database)))
}, Effect.scoped)

/** Every delivery that has not succeeded, in a database whose service was killed. */
export const waitingIn = (database: Database) =>
  readKilled(
    database,
    SqlClient.SqlClient.use(
      (sql) =>
        sql`SELECT webhook_id, event_id, sequence, ordering_key, state, attempts, due_at FROM undelivered`
    ).pipe(Effect.flatMap(rowsOf(Waiting)))
  )

/** All that the tables say in the end, in a database whose service has stopped. */
export const everythingIn = (database: Database) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const kept = rowsOf(Kept)
    const named = rowsOf(Named)
    const deliveries = yield* paged((after) =>
      sql`
        SELECT delivery.id, delivery.webhook_id, delivery.event_id, delivery.event_type, delivery.sequence, delivery.ordering_key,
          coalesce(waiting.state, 'succeeded') AS state, attempt.*
        FROM (SELECT * FROM deliveries WHERE id > ${after} ORDER BY id LIMIT ${pageSize}) AS delivery
        LEFT JOIN undelivered AS waiting
          ON waiting.tenant_id = delivery.tenant_id AND waiting.delivery_id = delivery.id
        CROSS JOIN LATERAL (
          SELECT count(*)::int AS recorded, coalesce(max(number), 0) AS highest,
            (array_agg(status ORDER BY number DESC))[1] AS last_status
          FROM attempts WHERE delivery_id = delivery.id) AS attempt
        ORDER BY delivery.id`.pipe(Effect.flatMap(kept))
    )
    const events = yield* paged((after) =>
      sql`
        SELECT id, data::json ->> 'nonce' AS name FROM events WHERE id > ${after} AND type LIKE 'chaos.%'
        ORDER BY id LIMIT ${pageSize}`.pipe(Effect.flatMap(named))
    )
    const messages = yield* paged((after) =>
      sql`
        SELECT id, external_id AS name FROM messages WHERE id > ${after} ORDER BY id LIMIT ${pageSize}`.pipe(
        Effect.flatMap(named)
      )
    )
    return {
      deliveries,
      events,
      messages,
      integrations: yield* Effect.flatMap(sql`SELECT id, name FROM integrations`, named),
      /** `webhook:sent` by endpoint and success. */
      sent: yield* sql`
        SELECT subject AS webhook_id, (data::json ->> 'success')::boolean AS success, count(*)::int AS count
        FROM events WHERE type = 'webhook:sent' GROUP BY 1, 2`.pipe(Effect.flatMap(rowsOf(Sent))),
      /** `webhook:received` events. */
      received: (yield* sql`SELECT id FROM events WHERE type = 'webhook:received'`).length
    }
  }).pipe(Effect.provide(Sql.layer(database)))

export type Everything = Effect.Success<ReturnType<typeof everythingIn>>
