import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { newJobId } from "../src/Ids.ts"
import { eventually } from "./support/Eventually.ts"
import { newTenant } from "./support/Outbound.ts"
import { receiver } from "./support/Receiver.ts"
import { TestService } from "./support/TestService.ts"

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("jobs", (it) => {
  it.effect(
    "that fail hold up no other of their tenant, and are given up after the tenth time in a row",
    () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const { client, tenantId } = yield* newTenant
        const target = yield* receiver
        const { id: webhookId } = yield* client.webhooks.createOutboundWebhook({
          payload: { url: target.url, eventTypes: ["invoice.*"] }
        })
        const job = Effect.fnUntraced(function* (parameters: string, failures: number) {
          const id = yield* newJobId
          yield* sql`
          INSERT INTO jobs (id, tenant_id, type, subject, parameters, state, total, failures, created_at)
          VALUES (${id}, ${tenantId}, 'cancel_deliveries', ${webhookId}, ${parameters}, 'running', 1, ${failures}, now())`
          return id
        })
        // Nobody can read what the first two are to do.
        const [first, last] = [yield* job("broken", 0), yield* job("broken", 9)]
        const good = yield* job('{"type":"cancel_deliveries","from":"","to":""}', 9)
        assert.isTrue(first < last && last < good)
        const now = (id: typeof first) => client.jobs.getJob({ params: { id } })
        yield* eventually(now(good), ({ state }) => state === "completed")
        const failed = yield* eventually(now(last), ({ state }) => state === "failed")
        assert.strictEqual(failed.error, "It failed 10 times in a row; the log of the service says why")
        assert.isDefined(failed.completedAt)
        const waiting = yield* now(first)
        assert.strictEqual(waiting.state, "running")
        assert.notProperty(waiting, "error")
        const counted = yield* sql`SELECT failures FROM jobs WHERE tenant_id = ${tenantId} ORDER BY id`
        assert.deepStrictEqual(counted, [{ failures: 1 }, { failures: 10 }, { failures: 0 }])
      })
  )
})
