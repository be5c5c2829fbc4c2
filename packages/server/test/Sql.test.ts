import { assert, describe, it, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import * as Sql from "../src/Sql.ts"
import * as TestDatabase from "./support/TestDatabase.ts"

layer(TestDatabase.layer)("Sql", (it) => {
  it.effect("opens a migrated database", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const rows = yield* sql`SELECT name FROM effect_sql_migrations ORDER BY migration_id`
      assert.isNotEmpty(rows)
    })
  )

  it.effect("runs transactions and plain queries side by side", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE side_by_side (id int PRIMARY KEY, kind text NOT NULL)`
      const insert = (id: number, kind: string) => sql`INSERT INTO side_by_side VALUES (${id}, ${kind})`
      yield* Effect.forEach(
        Array.from({ length: 300 }, (_, id) => id),
        (id) =>
          id % 3 === 0
            ? sql.withTransaction(Effect.andThen(insert(id, "kept"), Effect.yieldNow))
            : id % 3 === 1
              ? Effect.flip(sql.withTransaction(Effect.andThen(insert(id, "undone"), Effect.fail("undo"))))
              : insert(id, "plain"),
        { concurrency: "unbounded", discard: true }
      )
      const counts = yield* sql`SELECT kind, count(*)::int AS n FROM side_by_side GROUP BY kind ORDER BY kind`
      assert.deepStrictEqual(counts, [
        { kind: "kept", n: 100 },
        { kind: "plain", n: 100 }
      ])
    })
  )

  it.effect("gives the connection back when a transaction or its wait is interrupted", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const open = yield* Deferred.make<void>()
      const holder = yield* Effect.forkChild(
        sql.withTransaction(Effect.andThen(Deferred.succeed(open, undefined), Effect.never))
      )
      yield* Deferred.await(open)
      const waiting = yield* Effect.forkChild(sql.withTransaction(sql`SELECT 1`))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(waiting)
      yield* Fiber.interrupt(holder)
      assert.deepStrictEqual(yield* sql.withTransaction(sql`SELECT 1 AS one`), [{ one: 1 }])
    })
  )
})

describe("Sql.layer", () => {
  const refusal = (url: string) =>
    Effect.flip(
      Effect.scoped(
        Effect.provide(SqlClient.SqlClient, Sql.layer({ _tag: "Postgres", url: Redacted.make(url) }))
      )
    )

  it.live("names a server that does not answer, without the password", () =>
    Effect.gen(function* () {
      const error = yield* refusal("postgres://doi:s3cr%2Ft@127.0.0.1:1/integrations")
      assert.strictEqual(error._tag, "PostgresUnavailable")
      assert.match(error.message, /127\.0\.0\.1:1\/integrations .*DATABASE_URL.*ECONNREFUSED/)
      assert.notMatch(error.message, /s3cr/)
    })
  )

  for (const url of [
    "postgres://doi:4321/s3cr@127.0.0.1/x",
    "postgres://doi:4321?s3cr@127.0.0.1/x",
    "s3cr",
    "http://doi:s3cr@127.0.0.1/x"
  ]) {
    it.live(`refuses ${url.replaceAll("s3cr", "…")}, without the password`, () =>
      Effect.gen(function* () {
        const error = yield* refusal(url)
        assert.strictEqual(error._tag, "PostgresUnavailable")
        assert.notMatch(error.message, /s3cr|4321/)
      })
    )
  }
})
