import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { tidy } from "../src/Retention.ts"
import { idAt } from "../src/Sql/Partitions.ts"
import * as TestDatabase from "./support/TestDatabase.ts"

const day = 86_400_000

const event = (tenant: string, suffix: string, age: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const at = new Date(Date.now() - age * day)
    const id = idAt("evt", at.getTime()).slice(0, -1) + suffix
    yield* sql`
      INSERT INTO events (id, tenant_id, type, data, created_at) VALUES (${id}, ${tenant}, 'a', '1', ${at})`
    return id
  })

layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("Retention", (it) => {
  it.effect("deletes what is past its tenant's retention, and nothing else", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`INSERT INTO tenants (id, name, settings) VALUES ('ten_short', 'a', '{"retentionDays":7}')`
      yield* sql`INSERT INTO tenants (id, name, settings) VALUES ('ten_long', 'b', '{"retentionDays":300}')`
      yield* event("ten_short", "1", 8)
      yield* event("ten_gone", "5", 0)
      const kept = [
        yield* event("ten_short", "2", 6),
        yield* event("ten_long", "3", 8),
        yield* event("ten_long", "4", 299)
      ]
      yield* sql`
        INSERT INTO idempotency_keys (tenant_id, key, fingerprint, state, locked_until, expires_at)
        VALUES ('ten_long', 'old', '', 'answered', now(), now() - interval '1 second'),
          ('ten_long', 'new', '', 'answered', now(), now() + interval '1 hour')`
      yield* tidy
      const events = yield* sql<{ id: string }>`SELECT id FROM events`
      assert.sameMembers(
        events.map((row) => row.id),
        kept
      )
      const keys = yield* sql`SELECT key FROM idempotency_keys`
      assert.deepStrictEqual(keys, [{ key: "new" }])
    })
  )

  it.effect("drops partitions that are past everybody's retention, and keeps the audit log's", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const [low, high] = [Date.UTC(2020, 0), Date.UTC(2020, 1)]
      for (const [table, prefix] of [
        ["events", "evt"],
        ["audit_log", "aud"]
      ] as const) {
        yield* sql.unsafe(
          `CREATE TABLE ${table}_2020_01 PARTITION OF ${table}
            FOR VALUES FROM ('${idAt(prefix, low)}') TO ('${idAt(prefix, high)}')`
        )
      }
      yield* tidy
      const tables = yield* sql`SELECT relname FROM pg_class WHERE relname LIKE '%_2020_01'`
      assert.deepStrictEqual(tables, [{ relname: "audit_log_2020_01" }])
    })
  )

  it.effect("puts a row into the partition of its id's month", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const id = yield* event("ten_long", "9", 0)
      const now = new Date().toISOString().slice(0, 7).replace("-", "_")
      const [row] = yield* sql<{
        name: string
      }>`SELECT tableoid::regclass::text AS name FROM events WHERE id = ${id}`
      assert.strictEqual(row?.name, `events_${now}`)
    })
  )
})
