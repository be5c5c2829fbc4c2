import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Layer, Ref } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import { UnitOfWork } from "../src/UnitOfWork.ts"
import * as TestDatabase from "./support/TestDatabase.ts"

const deadlock = new SqlError.SqlError({ reason: new SqlError.DeadlockError({ cause: "a lost race" }) })

const tenant = (id: string) =>
  SqlClient.SqlClient.use((sql) => sql`INSERT INTO tenants (id, name, settings) VALUES (${id}, 'a', '{}')`)

const exists = (id: string) =>
  SqlClient.SqlClient.use((sql) =>
    Effect.map(sql`SELECT id FROM tenants WHERE id = ${id}`, (rows) => rows.length === 1)
  )

layer(Layer.provideMerge(UnitOfWork.layer, TestDatabase.layer), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("UnitOfWork", (it) => {
  it.effect("runs a transaction again that another one made fail, and writes once", () =>
    Effect.gen(function* () {
      const unit = yield* UnitOfWork
      const runs = yield* Ref.make(0)
      yield* unit.commit(
        Effect.gen(function* () {
          yield* tenant("ten_again")
          if ((yield* Ref.updateAndGet(runs, (n) => n + 1)) < 3) return yield* Effect.die(deadlock)
        })
      )
      assert.strictEqual(yield* Ref.get(runs), 3)
      assert.isTrue(yield* exists("ten_again"))
    })
  )

  it.effect("leaves nothing of a transaction that fails, and does not run it again", () =>
    Effect.gen(function* () {
      const unit = yield* UnitOfWork
      const runs = yield* Ref.make(0)
      const failing = Effect.andThen(
        tenant("ten_failed"),
        Effect.andThen(
          Ref.update(runs, (n) => n + 1),
          Effect.fail("refused")
        )
      )
      assert.isTrue(Exit.isFailure(yield* Effect.exit(unit.commit(failing))))
      assert.strictEqual(yield* Ref.get(runs), 1)
      assert.isFalse(yield* exists("ten_failed"))
    })
  )

  it.effect("leaves a lost race within a transaction to the outermost", () =>
    Effect.gen(function* () {
      const unit = yield* UnitOfWork
      const runs = yield* Ref.make({ inner: 0, outer: 0 })
      yield* unit.commit(
        Effect.gen(function* () {
          yield* Ref.update(runs, ({ inner, outer }) => ({ inner, outer: outer + 1 }))
          yield* unit.commit(
            Effect.gen(function* () {
              yield* Ref.update(runs, ({ inner, outer }) => ({ inner: inner + 1, outer }))
              if ((yield* Ref.get(runs)).inner === 1) return yield* Effect.die(deadlock)
            })
          )
        })
      )
      assert.deepStrictEqual(yield* Ref.get(runs), { inner: 2, outer: 2 })
    })
  )
})
