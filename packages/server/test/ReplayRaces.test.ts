import { assert, layer } from "@effect/vitest"
import { DateTime, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { inject } from "vitest"
import * as Handlers from "../src/WebhookHandlers.ts"
import { eventually } from "./support/Eventually.ts"
import { allStand, Calls, inbox, layer as services, to } from "./support/Handled.ts"
import { newTenant } from "./support/Outbound.ts"

const postgres = inject("testDatabase")._tag === "Postgres"

layer(services, { excludeTestServices: true, timeout: "60 seconds" })("replays", (it) => {
  it.effect.skipIf(!postgres)("look at where messages stand once no other is under way (Postgres only)", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const calls = yield* Calls
      const { client } = yield* newTenant
      const { post, webhook } = yield* inbox(client, [to("inbox")])
      calls.behaviour.set("inbox", () => Effect.fail(new Handlers.DeadLetter({ reason: "No use" })))
      yield* post({ n: 1 })
      yield* allStand(client, webhook.id, "dead", 1)
      calls.behaviour.clear()
      const job = yield* Effect.gen(function* () {
        yield* sql`SELECT pg_advisory_xact_lock(hashtextextended(${webhook.id}, 0))`
        const { id } = yield* client.webhooks.replayMessages({
          params: { id: webhook.id },
          payload: { since: DateTime.makeUnsafe(0), states: ["dead"] }
        })
        yield* eventually(
          sql`
            SELECT 1 FROM pg_locks
            WHERE locktype = 'advisory' AND NOT granted
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
          (waiting) => waiting.length === 1
        )
        // As it would be had another replay had it handled.
        yield* sql`DELETE FROM unhandled WHERE webhook_id = ${webhook.id}`
        return id
      }).pipe(sql.withTransaction)
      const done = yield* eventually(
        client.jobs.getJob({ params: { id: job } }),
        ({ state }) => state === "completed"
      )
      assert.deepInclude(done, { processed: 0, total: 1 })
      yield* allStand(client, webhook.id, "handled", 1)
      assert.lengthOf(calls.all, 1)
    })
  )
})
