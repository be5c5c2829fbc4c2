import { assert, layer } from "@effect/vitest"
import { Context, Duration, Effect, Exit, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import * as Embedded from "../src/Sql/Embedded.ts"
import * as TestDatabase from "./support/TestDatabase.ts"

/** A data directory that was started once, for all tests here: a first start takes seconds. */
class DataDir extends Context.Service<DataDir, string>()("@do-integrations/server/test/Embedded/DataDir") {
  static readonly layer = Layer.effect(
    DataDir,
    Effect.gen(function* () {
      const dataDir = join(yield* TestDatabase.temporaryDirectory, "data")
      const unfinished = join(dataDir, "postgres.new")
      yield* Effect.promise(() => mkdir(unfinished, { recursive: true }))
      yield* Effect.promise(() => writeFile(join(unfinished, "PG_VERSION"), "18"))
      yield* open(dataDir, (sql) => sql`CREATE TABLE first (n int)`)
      return dataDir
    })
  )
}

const open = <A, E>(dataDir: string, use: (sql: SqlClient.SqlClient) => Effect.Effect<A, E>) =>
  Effect.scoped(Effect.provide(SqlClient.SqlClient.use(use), Embedded.layer(dataDir)))

const source = fileURLToPath(new URL("../src/Sql/Embedded.ts", import.meta.url))

/** Inserts rows for ever, in pairs of one transaction, and prints each pair's number once it is committed. */
const writer = (dataDir: string, from: number) => `
  import { Effect } from "effect"
  import { SqlClient } from "effect/sql"
  import * as Embedded from ${JSON.stringify(source)}
  const write = Effect.fnUntraced(function* (sql, n) {
    yield* sql.withTransaction(Effect.andThen(sql\`INSERT INTO pair VALUES (\${n})\`, sql\`INSERT INTO pair VALUES (\${n})\`))
    console.log(n)
  })
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql\`CREATE TABLE IF NOT EXISTS pair (n int NOT NULL)\`
    for (let n = ${from}; ; n++) yield* write(sql, n)
  }).pipe(Effect.provide(Embedded.layer(${JSON.stringify(dataDir)})), Effect.runPromise)
`

const startWriter = (dataDir: string, from: number) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(
        process.execPath,
        ["--conditions=@do-integrations/source", "--input-type=module", "--eval", writer(dataDir, from)],
        { stdio: ["ignore", "pipe", "inherit"] }
      )
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** Reads the writer's acknowledgements, kills it after `count` of them and answers the last. */
const killAfter = (child: ChildProcess & { readonly stdout: NodeJS.ReadableStream }, count: number) =>
  Effect.promise(async () => {
    const gone = once(child, "exit")
    const acknowledged: Array<number> = []
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(Number(line))
      if (acknowledged.length === count) child.kill("SIGKILL")
    }
    await gone
    return acknowledged
  })

layer(DataDir.layer, { timeout: "60 seconds", excludeTestServices: true })("Embedded", (it) => {
  it.effect("keeps every acknowledged row through kill -9, and no half transaction", () =>
    Effect.gen(function* () {
      const dataDir = yield* DataDir
      const acknowledged: Array<number> = []
      for (const count of [1, 150, 400]) {
        const child = yield* startWriter(dataDir, (acknowledged.at(-1) ?? 0) + 1000)
        acknowledged.push(...(yield* killAfter(child, count)))
      }
      const pairs = yield* open(
        dataDir,
        (sql) => sql<{ n: number; rows: number }>`SELECT n, count(*)::int AS rows FROM pair GROUP BY n`
      )
      const kept = new Set(pairs.map(({ n }) => n))
      assert.isAtLeast(acknowledged.length, 551)
      assert.deepStrictEqual(
        acknowledged.filter((n) => !kept.has(n)),
        []
      )
      assert.isTrue(pairs.every(({ rows }) => rows === 2))
    })
  )

  it.effect("refuses a second process and a second service of the same process, and tells who has it", () =>
    Effect.gen(function* () {
      const dataDir = yield* DataDir
      const child = yield* startWriter(dataDir, 1)
      yield* Effect.promise(() => once(child.stdout, "data"))
      const other = yield* Effect.flip(open(dataDir, () => Effect.void))
      assert.strictEqual(other._tag, "DataDirectoryInUse")
      assert.include(other.message, `in use by process ${child.pid}`)
      assert.include(other.message, "DATA_DIR")
      yield* killAfter(child, 1)

      const own = yield* open(dataDir, () => Effect.flip(open(dataDir, () => Effect.void)))
      assert.strictEqual(own._tag, "DataDirectoryInUse")
      assert.deepStrictEqual(own._tag === "DataDirectoryInUse" && own.owner, Option.some(String(process.pid)))
      yield* open(dataDir, (sql) => sql`SELECT 1`)
    })
  )

  it.effect("opens again in seconds, its first start having replaced one that was cut short", () =>
    Effect.gen(function* () {
      const [elapsed] = yield* Effect.timed(open(yield* DataDir, (sql) => sql`SELECT * FROM first`))
      assert.isBelow(Duration.toMillis(elapsed), 10_000)
    })
  )

  it.effect("tells when the directory cannot be made", () =>
    Effect.gen(function* () {
      const file = join(yield* TestDatabase.temporaryDirectory, "file")
      yield* Effect.promise(() => writeFile(file, ""))
      const error = yield* Effect.flip(open(join(file, "data"), () => Effect.void))
      assert.strictEqual(error._tag, "DataDirectoryUnusable")
      assert.include(error.message, file)
    })
  )

  it.effect("loses nothing written after a connection died inside a transaction", () =>
    Effect.gen(function* () {
      const dataDir = yield* DataDir
      const rows = yield* open(dataDir, (sql) =>
        Effect.gen(function* () {
          yield* sql`CREATE TABLE later (n int NOT NULL)`
          const tooLarge = sql`SELECT repeat('x', 17 * 1024 * 1024) AS body`
          const died = yield* Effect.exit(
            sql.withTransaction(Effect.andThen(sql`INSERT INTO later VALUES (0)`, tooLarge))
          )
          assert.isTrue(Exit.isFailure(died))
          yield* sql`INSERT INTO later VALUES (1)`
          yield* sql.withTransaction(sql`INSERT INTO later VALUES (2)`)
          const [open] = yield* sql`SELECT pg_current_xact_id_if_assigned() IS NULL AS none`
          assert.deepStrictEqual(open, { none: true })
        })
      ).pipe(Effect.andThen(open(dataDir, (sql) => sql`SELECT n FROM later ORDER BY n`)))
      assert.deepStrictEqual(rows, [{ n: 1 }, { n: 2 }])
    })
  )

  it.layer(Layer.unwrap(Effect.map(DataDir, Embedded.layer)))("while open", (it) => {
    it.effect("reads more than 16 MiB in one result, and fails alone on one row as large", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const rows = yield* sql<{ body: string }>`
          SELECT repeat('x', 1024 * 1024) AS body FROM generate_series(1, 40)`
        assert.strictEqual(rows.length, 40)
        assert.isTrue(rows.every(({ body }) => body.length === 1024 * 1024))
        const error = yield* Effect.flip(sql`SELECT repeat('x', 17 * 1024 * 1024) AS body`)
        assert.strictEqual(error.reason._tag, "ConnectionError")
        assert.deepStrictEqual(yield* sql`SELECT 1 AS one`, [{ one: 1 }])
      })
    )

    it.effect("answers each of many statements sent at once, the failing ones with their own error", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const numbers = Array.from({ length: 1000 }, (_, n) => n)
        const divisor = (n: number) => (n % 7 === 0 ? 0 : 1)
        const answers = yield* Effect.forEach(
          numbers,
          (n) =>
            sql<{ n: number }>`SELECT ${n}::int / ${divisor(n)}::int AS n`.pipe(
              Effect.map((rows) => rows[0]?.n),
              Effect.catchTag("SqlError", () => Effect.succeed("failed"))
            ),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(
          answers,
          numbers.map((n) => (divisor(n) === 0 ? "failed" : n))
        )
      })
    )

    it.effect("lets others run while it is busy", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        let turns = 0
        const timer = setInterval(() => turns++, 1)
        const [elapsed] = yield* Effect.timed(
          Effect.forEach(
            Array.from({ length: 4000 }, (_, n) => n),
            (n) => sql`SELECT ${n}::int`,
            { concurrency: 64, discard: true }
          )
        ).pipe(Effect.ensuring(Effect.sync(() => clearInterval(timer))))
        assert.isAtLeast(turns, Duration.toMillis(elapsed) / 50)
      })
    )

    it.effect("takes checkpoints, so that its log stays short", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const lastCheckpoint = sql`SELECT redo_lsn::text FROM pg_control_checkpoint()`
        yield* sql`CREATE TABLE bulk (body text NOT NULL)`
        const before = yield* lastCheckpoint
        const body = "x".repeat(1024 * 1024)
        yield* Effect.replicateEffect(sql`INSERT INTO bulk VALUES (${body})`, 9, { discard: true })
        assert.notDeepEqual(yield* lastCheckpoint, before)
      })
    )
  })
})
