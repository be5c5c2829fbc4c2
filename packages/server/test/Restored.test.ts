import { Position } from "@do-integrations/domain/Event"
import { assert, layer } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { EventLog } from "../src/EventLog.ts"
import { migrate } from "../src/Sql/Migrations.ts"
import { TestService } from "./support/TestService.ts"

/** Transactions that the server before the restoration had counted. */
const elsewhere = "900000000"

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })(
  "a restored database",
  (it) => {
    it.effect("goes on after its old events, for readers with old positions too", () =>
      Effect.gen(function* () {
        const events = yield* EventLog
        const sql = yield* SqlClient.SqlClient
        const { apiKey, client, tenant } = yield* (yield* TestService).tenant("Acme")
        const publish = (n: number) => client.events.publishEvent({ payload: { type: "count.up", data: n } })
        yield* publish(1)
        const last = yield* publish(2)
        yield* sql`UPDATE events SET xid = ${elsewhere}::xid8 WHERE tenant_id = ${tenant.id}`
        const [, sequence] = last.position.split("-")
        yield* migrate
        yield* publish(3)
        const caller = {
          keyId: apiKey.id,
          tenantId: tenant.id,
          scopes: new Set<never>(),
          customerId: undefined
        }
        const read = (from: string, count: number) =>
          events.stream(caller, {}, Position.make(from)).pipe(
            Stream.take(count),
            Stream.map(({ data }) => data),
            Stream.runCollect,
            Effect.timeout("10 seconds")
          )
        assert.deepStrictEqual(yield* read("0-0", 3), [1, 2, 3])
        assert.deepStrictEqual(yield* read(`${elsewhere}-${sequence}`, 1), [3])
        const { items } = yield* client.events.listEvents()
        assert.deepStrictEqual(
          items.map(({ data }) => data),
          [3, 2, 1]
        )
      })
    )
  }
)
