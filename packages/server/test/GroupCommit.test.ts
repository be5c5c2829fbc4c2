import { assert, layer } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Schema, Scope } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import * as GroupCommit from "../src/Sql/GroupCommit.ts"
import * as TestDatabase from "./support/TestDatabase.ts"

class Refused extends Schema.TaggedError<Refused>()("Refused", { id: Schema.Int }) {}

/** What the committer does with an item. */
const Kind = Schema.Literals(["good", "refused", "duplicate", "defect"])
interface Item {
  readonly id: number
  readonly kind: typeof Kind.Type
}
const good = (id: number): Item => ({ id, kind: "good" })

/** A group commit into a table of its own, with the batches that it committed. */
const make = Effect.fnUntraced(function* (
  table: string,
  options: {
    readonly workers?: number
    readonly maxBatch?: number
    readonly before?: Effect.Effect<void>
    readonly afterCommit?: (ids: ReadonlyArray<number>) => Effect.Effect<void>
  } = {}
) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`DROP TABLE IF EXISTS ${sql(table)}`
  yield* sql`CREATE TABLE ${sql(table)} (place int GENERATED ALWAYS AS IDENTITY, id int PRIMARY KEY)`
  yield* sql`INSERT INTO ${sql(table)} (id) VALUES (-1)`
  const batches: Array<number> = []
  const group = yield* GroupCommit.make({
    name: table,
    ...options,
    commit: Effect.fnUntraced(function* (items: ReadonlyArray<Item>) {
      yield* options.before ?? Effect.void
      const ids = items.map(({ id, kind }) => (kind === "duplicate" ? -1 : id))
      yield* sql`INSERT INTO ${sql(table)} (id) SELECT * FROM unnest(${ids}::int[])`
      for (const { id, kind } of items) {
        if (kind === "refused") return yield* new Refused({ id })
        if (kind === "defect") return yield* Effect.die(`defect ${id}`)
      }
      batches.push(items.length)
      return ids
    })
  })
  const stored = Effect.map(
    sql<{ id: number }>`SELECT id FROM ${sql(table)} WHERE id >= 0 ORDER BY place`,
    (rows) => rows.map(({ id }) => id)
  )
  return { ...group, batches, stored, sql }
})

const outcome = <A, E extends { readonly _tag: string }>(exit: Exit.Exit<A, E>) =>
  Exit.match(exit, {
    onSuccess: () => "good",
    onFailure: (cause) =>
      Cause.hasDies(cause) ? "defect" : Cause.squash(cause) instanceof Refused ? "refused" : "duplicate"
  })

layer(TestDatabase.layer, { excludeTestServices: true })("GroupCommit", (it) => {
  it.effect.prop(
    "every item gets its own outcome, and exactly the good ones are stored",
    [Schema.Array(Kind).check(Schema.isMaxLength(40)), Schema.Literals([1, 2]), Schema.Literals([1, 7, 200])],
    ([kinds, workers, maxBatch]) =>
      Effect.gen(function* () {
        const { ask, stored } = yield* make("outcomes", { workers, maxBatch })
        const exits = yield* Effect.forEach(kinds, (kind, id) => Effect.exit(ask({ id, kind })), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(exits.map(outcome), [...kinds])
        const expected = kinds.flatMap((kind, id) => (kind === "good" ? [id] : []))
        assert.deepStrictEqual(
          (yield* stored).toSorted((a, b) => a - b),
          expected
        )
        assert.deepStrictEqual(
          exits.filter(Exit.isSuccess).map(({ value }) => value),
          expected
        )
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 30 } }
  )

  it.effect("keeps the order with one worker, and shares transactions", () =>
    Effect.gen(function* () {
      const { ask, batches, stored } = yield* make("ordered", { workers: 1, maxBatch: 100 })
      const ids = Array.from({ length: 1000 }, (_, id) => id)
      yield* Effect.forEach(ids, (id) => ask(good(id)), { concurrency: "unbounded", discard: true })
      assert.deepStrictEqual(yield* stored, ids)
      assert.isAtMost(batches.length, 20)
      assert.isAtMost(Math.max(...batches), 100)
    }).pipe(Effect.scoped)
  )

  it.effect("dies when asked inside a transaction, whose rollback touches nobody else", () =>
    Effect.gen(function* () {
      const { ask, push, sql, stored } = yield* make("inside")
      const asked = yield* sql.withTransaction(ask(good(1))).pipe(Effect.exit, Effect.forkChild)
      yield* ask(good(2))
      const pushed = yield* Effect.exit(sql.withTransaction(push(good(3), () => undefined)))
      assert.strictEqual(outcome(yield* Fiber.join(asked)), "defect")
      assert.strictEqual(outcome(pushed), "defect")
      yield* Effect.exit(sql.withTransaction(Effect.fail("undo")))
      assert.deepStrictEqual(yield* stored, [2])
    }).pipe(Effect.scoped)
  )

  it.effect("commits what an interrupted caller asked for", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const gate = yield* Deferred.make<void>()
      const before = Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(gate))
      const { ask, stored } = yield* make("interrupted", { workers: 1, before })
      const caller = yield* Effect.forkChild(ask(good(1)))
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(caller)
      yield* Deferred.succeed(gate, undefined)
      yield* ask(good(2))
      assert.deepStrictEqual(yield* stored, [1, 2])
    }).pipe(Effect.scoped)
  )

  it.effect("commits what is queued when its scope closes, then refuses", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { push, stored } = yield* make("drained", { workers: 1, maxBatch: 10 }).pipe(Scope.provide(scope))
      const settled: Array<number> = []
      for (let id = 0; id < 100; id++)
        yield* push(good(id), (exit) => void (Exit.isSuccess(exit) && settled.push(id)))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(settled.length, 100)
      assert.strictEqual((yield* stored).length, 100)
      const late = yield* Effect.exit(push(good(100), () => undefined))
      assert.strictEqual(outcome(late), "defect")
    })
  )

  it.effect("runs the hook after the commit, and survives its defects and those of callers", () =>
    Effect.gen(function* () {
      const seen: Array<ReadonlyArray<number>> = []
      const hooked = yield* Deferred.make<void>()
      const { ask, push, stored } = yield* make("hooked", {
        workers: 1,
        afterCommit: (ids) =>
          Effect.suspend(() => {
            seen.push(ids)
            return seen.length === 1 ? Effect.die("hook") : Deferred.succeed(hooked, undefined)
          })
      })
      yield* push(good(1), () => {
        throw new Error("caller")
      })
      yield* ask(good(2))
      yield* Effect.exit(ask({ id: 3, kind: "refused" }))
      yield* ask(good(4))
      yield* Deferred.await(hooked)
      assert.deepStrictEqual(seen.flat(), [1, 2, 4])
      assert.deepStrictEqual(yield* stored, [1, 2, 4])
    }).pipe(Effect.scoped)
  )

  it.effect("fails the whole batch once when its connection is lost, and goes on", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      let attempts = 0
      const group = yield* GroupCommit.make({
        name: "lost",
        workers: 1,
        commit: (items: ReadonlyArray<"fine" | "fatal">) => {
          attempts++
          const fatal = sql`SELECT repeat('x', 17 * 1024 * 1024) AS body`
          return Effect.as(items.includes("fatal") ? fatal : sql`SELECT 1`, items)
        }
      })
      const exits = yield* Effect.forEach(
        ["fine", "fatal", "fine"] as const,
        (item) => Effect.exit(group.ask(item)),
        {
          concurrency: "unbounded"
        }
      )
      assert.isTrue(exits.every(Exit.isFailure))
      assert.strictEqual(attempts, 1)
      assert.strictEqual(yield* group.ask("fine"), "fine")
    }).pipe(Effect.scoped)
  )

  it.effect("repeats a batch that Postgres undid because it met another", () =>
    Effect.gen(function* () {
      const undone = new SqlError.SqlError({
        reason: new SqlError.DeadlockError({ cause: new Error("deadlock") })
      })
      const attempts: Array<number> = []
      const group = yield* GroupCommit.make({
        name: "met",
        commit: (items: ReadonlyArray<number>) => {
          attempts.push(items.length)
          return attempts.length === 1
            ? undone
            : attempts.length === 2
              ? Effect.die(undone)
              : Effect.succeed(items)
        }
      })
      assert.strictEqual(yield* group.ask(7), 7)
      assert.deepStrictEqual(attempts, [1, 1, 1])
    }).pipe(Effect.scoped)
  )

  it.effect("dies when a commit answers another number of results than it was given items", () =>
    Effect.gen(function* () {
      const group = yield* GroupCommit.make({
        name: "short",
        commit: (_: ReadonlyArray<number>) => Effect.succeed([])
      })
      const exit = yield* Effect.exit(group.ask(1))
      assert.strictEqual(outcome(exit), "defect")
    }).pipe(Effect.scoped)
  )
})
