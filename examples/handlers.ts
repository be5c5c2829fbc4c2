/**
 * DO Integrations with two handlers of its own, which routes of inbound webhooks may name. Everything else is as with
 * `npm start`.
 *
 * node --conditions=@do-integrations/source examples/handlers.ts
 */
import { serve } from "@do-integrations/server/Serve"
import * as WebhookHandlers from "@do-integrations/server/WebhookHandlers"
import * as GitHub from "@do-integrations/server/WebhookHandlers/GitHub"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"

/** Greets whoever opens an issue. It is called at least once: a real one would remember the message's id. */
const greeter = GitHub.make("issues", {
  name: "greeter",
  handle: Effect.fnUntraced(function* ({ id, payload: event }) {
    if (event._tag !== "Typed" || event.payload.action !== "opened") return
    const { issue, sender } = event.payload
    yield* Effect.log(`${id}: welcome, ${sender.login}, and thank you for issue ${issue.number}`)
  })
})

/** Books payments, each exactly once: its one effect is SQL in the transaction that settles the message. */
const bookkeeper = WebhookHandlers.make({
  name: "bookkeeper",
  payload: Schema.Struct({ id: Schema.String, amount: Schema.Int }),
  transactional: true,
  handle: Effect.fnUntraced(function* ({ payload: { amount, id } }) {
    if (amount < 0) return yield* new WebhookHandlers.DeadLetter({ reason: "A payment of less than nothing" })
    const sql = yield* SqlClient.SqlClient
    yield* sql`INSERT INTO payments (id, amount) VALUES (${id}, ${amount})`
  })
})

const tables = SqlClient.SqlClient.use(
  (sql) => sql`CREATE TABLE IF NOT EXISTS payments (id text PRIMARY KEY, amount bigint)`
).pipe(Effect.orDie, Layer.effectDiscard)

/** The handlers with what they need. */
export const handlers = WebhookHandlers.WebhookHandlers.layer(greeter, bookkeeper).pipe(Layer.provide(tables))

if (import.meta.main) NodeRuntime.runMain(serve(handlers))
