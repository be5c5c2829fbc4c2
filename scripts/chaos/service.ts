/**
 * The service with two handlers in code, as somebody would make it who has their own: `ledger` writes in the
 * transaction that settles the message, `journal` in one of its own. Each adds a row for a message to the table of
 * its name, and refuses as many attempts as the body says in `failures`.
 */
import { serve } from "@do-integrations/server/Serve"
import * as Handlers from "@do-integrations/server/WebhookHandlers"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"

/** A handler refuses for now, after it has done its work. */
class Refused extends Schema.TaggedError<Refused>()("Refused", { attempt: Schema.Int }) {
  override get message() {
    return `Refused at attempt ${this.attempt}`
  }
}

const payload = Schema.Struct({ failures: Schema.optionalKey(Schema.Int) })

const writer = (table: "ledger" | "journal") =>
  Handlers.make({
    name: table,
    payload,
    transactional: table === "ledger",
    handle: Effect.fnUntraced(function* ({ attempt, id, payload: { failures = 0 } }) {
      const sql = yield* SqlClient.SqlClient
      yield* sql`INSERT INTO ${sql(`handled_${table}`)} (message_id, attempt) VALUES (${id}, ${attempt})`
      if (attempt <= failures) return yield* new Refused({ attempt })
    })
  })

// No key of its own: what comes twice is to be seen.
const tables = Layer.effectDiscard(
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    // Several nodes may start at once.
    yield* sql`SELECT pg_advisory_xact_lock(hashtext('handled tables'))`
    for (const table of ["handled_ledger", "handled_journal"]) {
      yield* sql`
        CREATE TABLE IF NOT EXISTS ${sql(table)} (message_id text COLLATE "C" NOT NULL, attempt integer NOT NULL)`
    }
  }).pipe((effect) => SqlClient.SqlClient.use((sql) => sql.withTransaction(effect)))
)

const handlers = Handlers.WebhookHandlers.layer(writer("ledger"), writer("journal")).pipe(
  Layer.provide(tables)
)

NodeRuntime.runMain(serve(handlers))
