import { assert, it } from "@effect/vitest"
import { Duration, Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as TokenBuckets from "../src/Http/TokenBuckets.ts"

it.effect("lets a burst through, then as many as the rate gives", () =>
  Effect.gen(function* () {
    const take = TokenBuckets.make(10, 30)
    for (let taken = 0; taken < 30; taken++) assert.strictEqual(yield* take("a"), 0)
    assert.strictEqual(yield* take("a"), 100)
    assert.strictEqual(yield* take("b"), 0)
    yield* TestClock.adjust("60 millis")
    assert.closeTo(yield* take("a"), 40, 1e-6)
    yield* TestClock.adjust("1 second")
    for (let taken = 0; taken < 10; taken++) assert.strictEqual(yield* take("a"), 0)
    assert.closeTo(yield* take("a"), 40, 1e-6)
    yield* TestClock.adjust("1 hour")
    for (let taken = 0; taken < 30; taken++) assert.strictEqual(yield* take("a"), 0)
    assert.strictEqual(yield* take("a"), 100)
  })
)

const Pauses = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 500 })))

it.effect.prop(
  "never gives more than the burst and what the rate adds, and gives one after the wait that it names",
  [Pauses],
  ([pauses]) =>
    Effect.gen(function* () {
      const take = TokenBuckets.make(20, 5)
      let elapsed = 0
      for (const [taken, pause] of pauses.entries()) {
        yield* TestClock.adjust(Duration.millis(pause))
        const wait = Math.ceil(yield* take("a"))
        elapsed += pause + wait
        if (wait > 0) {
          yield* TestClock.adjust(Duration.millis(wait))
          assert.strictEqual(yield* take("a"), 0)
        }
        assert.isAtMost(taken + 1, 5 + (elapsed * 20) / 1000 + 1e-6)
      }
    })
)

it.effect("forgets nobody who has less than the whole allowance", () =>
  Effect.gen(function* () {
    const take = TokenBuckets.make(1, 2)
    assert.strictEqual(yield* take("busy"), 0)
    assert.strictEqual(yield* take("busy"), 0)
    for (let other = 0; other < 25_000; other++) yield* take(`${other}`)
    assert.isAbove(yield* take("busy"), 0)
  })
)
