import { assert, layer } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Result, Schema, Scope } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import { Topology } from "../src/Sql.ts"
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
    readonly committers?: number
    readonly maxBatch?: number
    readonly weigh?: (item: Item) => number
    readonly before?: Effect.Effect<void>
  } = {}
) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`DROP TABLE IF EXISTS ${sql(table)}`
  yield* sql`CREATE TABLE ${sql(table)} (place int GENERATED ALWAYS AS IDENTITY, id int PRIMARY KEY)`
  yield* sql`INSERT INTO ${sql(table)} (id) VALUES (-1)`
  const batches: Array<number> = []
  const { before = Effect.void, committers = 1, ...rest } = options
  const group = yield* GroupCommit.make({
    name: table,
    ...rest,
    commit: Effect.fnUntraced(function* (items: ReadonlyArray<Item>) {
      yield* before
      const ids = items.flatMap(({ id, kind }) =>
        kind === "refused" ? [] : kind === "duplicate" ? [-1] : [id]
      )
      yield* sql`INSERT INTO ${sql(table)} (id) SELECT * FROM unnest(${ids}::int[])`
      for (const { id, kind } of items) {
        if (kind === "defect") return yield* Effect.die(`defect ${id}`)
      }
      batches.push(items.length)
      return items.map(({ id, kind }) =>
        kind === "refused" ? Result.fail(new Refused({ id })) : Result.succeed(id)
      )
    })
  }).pipe(Effect.provideService(Topology, { ...(yield* Topology), committers }))
  const stored = Effect.map(
    sql<{ id: number }>`SELECT id FROM ${sql(table)} WHERE id >= 0 ORDER BY place`,
    (rows) => rows.map(({ id }) => id)
  )
  return { ...group, batches, stored, sql }
})

const outcome = <A, E>(exit: Exit.Exit<A, E>) =>
  Exit.match(exit, {
    onSuccess: () => "good",
    onFailure: (cause) => {
      const error = Cause.squash(cause)
      if (error instanceof Refused) return Cause.hasDies(cause) ? "died" : "refused"
      return SqlError.isSqlError(error) && error.reason._tag === "UniqueViolation" ? "duplicate" : "defect"
    }
  })

/** A `before` that holds a commit back until it is opened. */
const makeGate = Effect.gen(function* () {
  const begun = yield* Deferred.make<void>()
  const gate = yield* Deferred.make<void>()
  return {
    before: Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(gate)),
    begun: Deferred.await(begun),
    open: Deferred.succeed(gate, undefined)
  }
})

/** Four of them are a batch, and 32 are all that may be on their way. */
const heavy = () => GroupCommit.maxBatchWeight / 4

layer(TestDatabase.layer, { excludeTestServices: true })("GroupCommit", (it) => {
  it.effect.prop(
    "every item gets its own outcome, and exactly the good ones are stored",
    [Schema.Array(Kind).check(Schema.isMaxLength(40)), Schema.Literals([1, 2]), Schema.Literals([1, 7, 200])],
    ([kinds, committers, maxBatch]) =>
      Effect.gen(function* () {
        const { ask, stored } = yield* make("outcomes", { committers, maxBatch })
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

  it.effect("keeps the order with one committer, and shares transactions", () =>
    Effect.gen(function* () {
      const { ask, batches, stored } = yield* make("ordered", { maxBatch: 100 })
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
      const { before, begun, open } = yield* makeGate
      const { ask, stored } = yield* make("interrupted", { before })
      const caller = yield* Effect.forkChild(ask(good(1)))
      yield* begun
      yield* Fiber.interrupt(caller)
      yield* open
      yield* ask(good(2))
      assert.deepStrictEqual(yield* stored, [1, 2])
    }).pipe(Effect.scoped)
  )

  it.effect("commits what is queued when its scope closes, then refuses", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { push, stored } = yield* make("drained", { maxBatch: 10 }).pipe(Scope.provide(scope))
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

  it.effect("takes no more bytes into a transaction than it may", () =>
    Effect.gen(function* () {
      const { before, begun, open } = yield* makeGate
      const { ask, batches, stored } = yield* make("weighty", { before, weigh: heavy })
      const ids = Array.from({ length: 30 }, (_, id) => id)
      const callers = yield* Effect.forEach(ids, (id) => Effect.forkChild(ask(good(id))))
      yield* begun
      yield* open
      yield* Fiber.joinAll(callers)
      assert.isAtMost(Math.max(...batches), 4)
      assert.isAtMost(batches.length, 9)
      assert.deepStrictEqual(yield* stored, ids)
    }).pipe(Effect.scoped)
  )

  it.effect("takes an item of any weight", () =>
    Effect.gen(function* () {
      const { ask, stored } = yield* make("heaviest", { weigh: () => 100 * GroupCommit.maxBatchWeight })
      yield* Effect.forEach([1, 2, 3], (id) => ask(good(id)), { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* stored, [1, 2, 3])
    }).pipe(Effect.scoped)
  )

  it.effect("lets callers wait, in their order, while enough bytes are on their way", () =>
    Effect.gen(function* () {
      const { before, begun, open } = yield* makeGate
      const weigh = ({ id }: Item) => (id === 40 ? 0 : heavy())
      const { push, stored } = yield* make("flooded", { before, weigh })
      const entered: Array<number> = []
      const settled = yield* Deferred.make<void>()
      const callers = yield* Effect.forEach(
        Array.from({ length: 41 }, (_, id) => id),
        (id) =>
          push(good(id), () => void (id === 40 && Deferred.doneUnsafe(settled, Exit.void))).pipe(
            Effect.andThen(Effect.sync(() => entered.push(id))),
            Effect.forkChild
          )
      )
      yield* begun
      yield* Effect.sleep("20 millis")
      const first = Array.from({ length: 32 }, (_, id) => id)
      const meanwhile = [...entered]
      // One that waits for room, and one that waits behind it.
      yield* Fiber.interruptAll([32, 35].flatMap((id) => callers[id] ?? []))
      yield* open
      yield* Deferred.await(settled)
      assert.deepStrictEqual(meanwhile, first)
      assert.deepStrictEqual(yield* stored, [...first, 33, 34, 36, 37, 38, 39, 40])
    }).pipe(Effect.scoped)
  )

  it.effect("lets callers wait while 10,000 items are on their way", () =>
    Effect.gen(function* () {
      const { before, begun, open } = yield* makeGate
      const { push } = yield* make("crowded", { before, maxBatch: 5000 })
      let entered = 0
      const caller = yield* Effect.forEach(
        Array.from({ length: 10_001 }, (_, id) => id),
        (id) =>
          Effect.andThen(
            push(good(id), () => undefined),
            Effect.sync(() => entered++)
          ),
        { discard: true }
      ).pipe(Effect.forkChild)
      yield* begun
      yield* Effect.sleep("10 millis").pipe(Effect.repeat({ until: () => entered >= 10_000 }))
      yield* Effect.sleep("20 millis")
      const meanwhile = entered
      yield* open
      yield* Fiber.join(caller)
      assert.deepStrictEqual([meanwhile, entered], [10_000, 10_001])
    }).pipe(Effect.scoped)
  )

  it.effect("refuses those who wait for room when its scope closes", () =>
    Effect.gen(function* () {
      const { before, begun, open } = yield* makeGate
      const scope = yield* Scope.make()
      const { ask, stored } = yield* make("closing", { before, weigh: heavy }).pipe(Scope.provide(scope))
      const callers = yield* Effect.forEach(
        Array.from({ length: 35 }, (_, id) => id),
        (id) => Effect.forkChild(ask(good(id)))
      )
      yield* begun
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* Effect.sleep("20 millis")
      yield* open
      yield* Fiber.join(closing)
      const outcomes = (yield* Fiber.awaitAll(callers)).map(outcome)
      assert.deepStrictEqual(
        outcomes,
        callers.map((_, id) => (id < 32 ? "good" : "defect"))
      )
      assert.strictEqual((yield* stored).length, 32)
    }).pipe(Effect.scoped)
  )

  it.effect("survives the defect of one whom it answers", () =>
    Effect.gen(function* () {
      const { ask, push, stored } = yield* make("answered")
      yield* push(good(1), () => {
        throw new Error("caller")
      })
      yield* ask(good(2))
      assert.deepStrictEqual(yield* stored, [1, 2])
    }).pipe(Effect.scoped)
  )

  it.effect("fails the whole batch once when its connection is lost, and goes on", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      let attempts = 0
      const group = yield* GroupCommit.make({
        name: "lost",
        commit: (items: ReadonlyArray<"fine" | "fatal">) => {
          attempts++
          const fatal = sql`SELECT repeat('x', 17 * 1024 * 1024) AS body`
          return Effect.as(items.includes("fatal") ? fatal : sql`SELECT 1`, items.map(Result.succeed))
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
              : Effect.succeed(items.map(Result.succeed))
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
