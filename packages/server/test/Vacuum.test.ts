import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { vacuum } from "../src/Sql/Vacuum.ts"
import * as TestDatabase from "./support/TestDatabase.ts"

layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("vacuum", (it) => {
  it.effect("gives every table its statistics, and leaves the session's settings as they were", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const target = sql`SELECT current_setting('default_statistics_target') AS target`
      const before = yield* target
      yield* sql`INSERT INTO tenants (id, name, settings) SELECT n, n, '{}' FROM generate_series(1, 500) AS n`
      yield* sql`DELETE FROM tenants WHERE id < '3'`
      const [{ kept } = { kept: 0 }] = yield* sql<{ kept: number }>`SELECT count(*)::int AS kept FROM tenants`
      yield* vacuum
      const tables = yield* sql<{ name: string; rows: number }>`
        SELECT relname AS name, reltuples::int AS rows FROM pg_class
        WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace`
      assert.deepStrictEqual(
        tables.filter(({ rows }) => rows < 0),
        []
      )
      assert.strictEqual(tables.find(({ name }) => name === "tenants")?.rows, kept)
      assert.deepStrictEqual(yield* target, before)
    })
  )
})
