import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { tidy } from "../src/Retention.ts"
import * as Column from "../src/Sql/Column.ts"
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

  it.effect("takes deliveries with all that belongs to them, ended jobs and old statistics", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`INSERT INTO tenants (id, name, settings) VALUES ('ten_week', 'c', '{"retentionDays":7}')`
      const delivery = Effect.fnUntraced(function* (age: number) {
        const at = new Date(Date.now() - age * day)
        const id = idAt("dlv", at.getTime())
        yield* sql`
          INSERT INTO deliveries (id, tenant_id, webhook_id, event_id, event_type) VALUES (${id}, 'ten_week', 'w', 'e', 'a')`
        yield* sql`
          INSERT INTO undelivered (tenant_id, delivery_id, webhook_id, event_id, sequence, state, round_at)
          VALUES ('ten_week', ${id}, 'w', 'e', 1, 'skipped', ${at})`
        // More attempts than one batch takes.
        yield* sql`
          INSERT INTO attempts (delivery_id, number, id, tenant_id, at, duration_ms)
          SELECT ${id}, number, 'a', 'ten_week', ${at}, 1 FROM generate_series(1, 1500) AS number`
        return id
      })
      yield* delivery(8)
      const kept = yield* delivery(6)
      const job = (id: string, state: string, age: number | null) => sql`
        INSERT INTO jobs (id, tenant_id, type, subject, parameters, state, total, created_at, completed_at)
        VALUES (${id}, 'ten_week', 'cancel_deliveries', 'w', '{"type":"cancel_deliveries","from":"","to":""}',
          ${state}, 1, now(), ${age === null ? null : new Date(Date.now() - age * day)})`
      yield* job("job_old", "completed", 8)
      yield* job("job_new", "failed", 6)
      yield* job("job_running", "running", null)
      yield* sql`
        INSERT INTO delivery_statistics (webhook_id, hour, tenant_id, succeeded, failed, exhausted, latencies)
        VALUES ('w', now() - interval '33 days', 'ten_week', 1, 1, 1, '{1}'),
          ('w', now() - interval '31 days', 'ten_week', 2, 1, 1, '{1}')`
      yield* tidy
      for (const [table, key] of [
        ["deliveries", "id"],
        ["undelivered", "delivery_id"],
        ["attempts", "delivery_id"]
      ] as const) {
        const left =
          yield* sql`SELECT DISTINCT ${sql(key)} AS id FROM ${sql(table)} WHERE tenant_id = 'ten_week'`
        assert.deepStrictEqual(left, [{ id: kept }], table)
      }
      const jobs = yield* sql`SELECT id FROM jobs ORDER BY id`
      assert.deepStrictEqual(jobs, [{ id: "job_new" }, { id: "job_running" }])
      assert.deepStrictEqual(yield* sql`SELECT succeeded FROM delivery_statistics`, [{ succeeded: 2 }])
    })
  )

  it.effect("keeps what is still on its way with its event and its attempts, until it ends", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const tenant = "ten_waiting"
      yield* sql`INSERT INTO tenants (id, name, settings) VALUES (${tenant}, 'd', '{"retentionDays":7}')`
      const start = Date.now() - 8 * day
      const deliver = Effect.fnUntraced(function* (
        from: number,
        count: number,
        due: "now" | "infinity" | null,
        withEvents = true
      ) {
        const times = Array.from({ length: count }, (_, n) => start + from + n)
        const ids = Column.text(times.map((at) => idAt("dlv", at + 5)))
        const events = Column.text(times.map((at) => idAt("evt", at)))
        if (withEvents) {
          yield* sql`
            INSERT INTO events (id, tenant_id, type, data) SELECT id, ${tenant}, 'a', '1' FROM unnest(${events}) AS id`
        }
        yield* sql`
          INSERT INTO deliveries (id, tenant_id, webhook_id, event_id, event_type)
          SELECT id, ${tenant}, 'w', event, 'a' FROM unnest(${ids}, ${events}) AS row(id, event)`
        yield* sql`
          INSERT INTO undelivered (tenant_id, delivery_id, webhook_id, event_id, sequence, state, round_at, due_at)
          SELECT ${tenant}, id, 'w', event, 1, 'failed', now(), ${due}::timestamptz
          FROM unnest(${ids}, ${events}) AS row(id, event)`
        yield* sql`
          INSERT INTO attempts (delivery_id, number, id, tenant_id, at, duration_ms)
          SELECT id, number, 'a', ${tenant}, now(), 1 FROM unnest(${ids}) AS id, generate_series(1, 2) AS number`
      })
      const left = Effect.forEach(["deliveries", "undelivered", "attempts", "events"], (table) =>
        Effect.map(
          sql<{
            count: number
          }>`SELECT count(*)::int AS count FROM ${sql(table)} WHERE tenant_id = ${tenant}`,
          (rows) => rows[0]?.count
        )
      )
      // More than a batch of either, one after the other.
      yield* deliver(0, 1100, "now")
      yield* deliver(2000, 1100, null)
      yield* deliver(4000, 1, "infinity")
      // It will never be delivered.
      yield* deliver(5000, 1, "now", false)
      yield* tidy
      assert.deepStrictEqual(yield* left, [1101, 1101, 2202, 1101])
      yield* sql`UPDATE undelivered SET due_at = NULL WHERE tenant_id = ${tenant} AND due_at = 'infinity'`
      // A success.
      yield* sql`DELETE FROM undelivered WHERE tenant_id = ${tenant} AND delivery_id < ${idAt("dlv", start + 1005)}`
      yield* tidy
      assert.deepStrictEqual(yield* left, [100, 100, 200, 100])
    })
  )

  it.effect("takes messages with what became of them, and keeps what waits to be handled until it is", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`INSERT INTO tenants (id, name, settings) VALUES ('ten_mail', 'm', '{"retentionDays":7}')`
      const message = Effect.fnUntraced(function* (
        suffix: string,
        age: number,
        tenant: string | null,
        waits: boolean
      ) {
        const at = new Date(Date.now() - age * day)
        const id = idAt("msg", at.getTime()).slice(0, -1) + suffix
        yield* sql`
          INSERT INTO messages (id, tenant_id, webhook_id, verified, headers, body, routes)
          VALUES (${id}, ${tenant}, 'w', true, '{}', '', '{a,b}')`
        yield* sql`
          INSERT INTO unhandled (webhook_id, message_id, route, tenant_id, state, round_at, due_at, completed_at)
          VALUES ('w', ${id}, 'a', ${tenant}, 'failed', ${at}, ${waits ? at : null}, ${waits ? null : at})`
        yield* sql`
          INSERT INTO handling_attempts (message_id, route, number, tenant_id, at, duration_ms)
          VALUES (${id}, 'a', 1, ${tenant}, ${at}, 1), (${id}, 'b', 1, ${tenant}, ${at}, 1)`
        return id
      })
      yield* message("1", 8, "ten_mail", false)
      yield* message("2", 31, null, false)
      const waiting = [yield* message("3", 8, "ten_mail", true), yield* message("4", 400, null, true)]
      const young = [yield* message("5", 6, "ten_mail", false), yield* message("6", 29, null, false)]
      const ids = (table: string, column: string) =>
        Effect.map(sql<{ id: string }>`SELECT DISTINCT ${sql(column)} AS id FROM ${sql(table)}`, (rows) =>
          rows.map(({ id }) => id)
        )
      const left = Effect.all([
        ids("messages", "id"),
        ids("unhandled", "message_id"),
        ids("handling_attempts", "message_id")
      ])
      yield* tidy
      for (const table of yield* left) assert.sameMembers([...table], [...waiting, ...young])
      yield* sql`UPDATE unhandled SET due_at = NULL`
      yield* tidy
      for (const table of yield* left) assert.sameMembers([...table], young)
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
      const tenant = "ten_patient"
      yield* sql`INSERT INTO tenants (id, name, settings) VALUES (${tenant}, 'e', '{"retentionDays":7}')`
      const [eventId, deliveryId] = [idAt("evt", low), idAt("dlv", low + 1)]
      yield* sql`INSERT INTO events (id, tenant_id, type, data) VALUES (${eventId}, ${tenant}, 'a', '1')`
      yield* sql`
        INSERT INTO undelivered (tenant_id, delivery_id, webhook_id, event_id, sequence, state, round_at, due_at)
        VALUES (${tenant}, ${deliveryId}, 'w', ${eventId}, 1, 'exhausted', now(), 'infinity')`
      yield* tidy
      assert.lengthOf(yield* sql`SELECT FROM events WHERE tenant_id = ${tenant}`, 1)
      yield* sql`UPDATE undelivered SET due_at = NULL WHERE tenant_id = ${tenant}`
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
