import { longestSpanSeconds, maxSpanSeconds, RetryPolicy } from "@do-integrations/domain/Webhook/RetryPolicy"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Clock, Duration, Effect, Fiber, Option, Random, Schema } from "effect"
import { TestClock } from "effect/testing"
import { delayAfter, nextDelay, scheduleOf } from "../src/DeliveryEngine/RetrySchedule.ts"

/** Randomness that always gives the same number: 0.5 takes the jitter out. */
const withRandom = (number: number) =>
  Effect.provideService(Random.Random, { nextIntUnsafe: () => 0, nextDoubleUnsafe: () => number })

/** Every delay of a policy in seconds, each from a fresh schedule that only knows the attempt's number. */
const delays = Effect.fnUntraced(function* (policy: RetryPolicy) {
  const seconds: Array<number> = []
  for (;;) {
    const delay = yield* delayAfter(scheduleOf(policy), seconds.length + 1)
    if (Option.isNone(delay)) return seconds
    seconds.push(Duration.toSeconds(delay.value))
  }
})

const minute = 60
const hour = 60 * minute
const recommended = [
  5,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour
]

const policies = Arbitrary.schema(
  Schema.Struct({
    type: Schema.Literals(["exponential", "linear", "list"]),
    initialSeconds: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 })),
    incrementSeconds: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 })),
    factor: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: 1, maximum: 3 }))),
    maxSeconds: Schema.Int.check(Schema.isBetween({ minimum: 1000, maximum: 80_000 })),
    maxAttempts: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 30 }))),
    delaysSeconds: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 80_000 }))).check(
      Schema.isMinLength(1),
      Schema.isMaxLength(29)
    )
  })
)

describe("scheduleOf", () => {
  it.effect("gives every delay of the default", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* delays({ type: "default" }), recommended)
      assert.strictEqual((recommended.reduce((sum, delay) => sum + delay) / hour).toFixed(1), "75.6")
    }).pipe(withRandom(0.5))
  )

  it.effect("gives every delay of an exponential policy", () =>
    Effect.gen(function* () {
      const exponential = { type: "exponential", initialSeconds: 5 } as const
      assert.deepStrictEqual(yield* delays(exponential), [5, 10, 20, 40, 80, 160, 320, 640, 1280])
      assert.deepStrictEqual(yield* delays({ ...exponential, maxAttempts: 4 }), [5, 10, 20])
      assert.deepStrictEqual(yield* delays({ ...exponential, maxAttempts: 1 }), [])
      const capped = { ...exponential, factor: 10, maxSeconds: 3600, maxAttempts: 6 }
      assert.deepStrictEqual(yield* delays(capped), [5, 50, 500, 3600, 3600])
      const slow = { ...exponential, initialSeconds: 4, factor: 1.5, maxAttempts: 5 }
      assert.deepStrictEqual(yield* delays(slow), [4, 6, 9, 13.5])
      const steady = { ...exponential, factor: 1, maxAttempts: 30 }
      assert.deepStrictEqual(
        yield* delays(steady),
        Array.from({ length: 29 }, () => 5)
      )
    }).pipe(withRandom(0.5))
  )

  it.effect("gives every delay of a linear policy", () =>
    Effect.gen(function* () {
      const linear = { type: "linear", initialSeconds: 10, incrementSeconds: 30 } as const
      assert.deepStrictEqual(yield* delays(linear), [10, 40, 70, 100, 130, 160, 190, 220, 250])
      assert.deepStrictEqual(yield* delays({ ...linear, maxAttempts: 3 }), [10, 40])
      assert.deepStrictEqual(yield* delays({ ...linear, maxAttempts: 1 }), [])
    }).pipe(withRandom(0.5))
  )

  it.effect("gives every delay of a list", () =>
    Effect.gen(function* () {
      const list = { type: "list", delaysSeconds: [7, 3, 3, 900] } as const
      assert.deepStrictEqual(yield* delays(list), [7, 3, 3, 900])
      assert.deepStrictEqual(yield* delays({ ...list, maxAttempts: 3 }), [7, 3])
      assert.deepStrictEqual(yield* delays({ ...list, maxAttempts: 30 }), [7, 3, 3, 900])
      assert.deepStrictEqual(yield* delays({ ...list, maxAttempts: 1 }), [])
      const longest = Array.from({ length: 29 }, (_, index) => index + 1)
      assert.deepStrictEqual(yield* delays({ ...list, delaysSeconds: longest }), longest)
    }).pipe(withRandom(0.5))
  )

  it.effect("jitters each delay of each policy by a fifth, no more and no less", () =>
    Effect.gen(function* () {
      for (const policy of [
        { type: "default" },
        { type: "exponential", initialSeconds: 5, maxSeconds: 60 },
        { type: "linear", initialSeconds: 5, incrementSeconds: 5 },
        { type: "list", delaysSeconds: [5, 100] }
      ] satisfies ReadonlyArray<RetryPolicy>) {
        const base = yield* delays(policy).pipe(withRandom(0.5))
        for (const [random, factor] of [
          [0, 0.8],
          [0.25, 0.9],
          [1, 1.2]
        ] as const) {
          const jittered = yield* delays(policy).pipe(withRandom(random))
          assert.strictEqual(jittered.length, base.length)
          for (const [index, delay] of base.entries()) {
            assert.approximately(jittered[index] ?? 0, delay * factor, 0.001)
          }
        }
        const drawn = Effect.forEach([1, 2], (seed) => delays(policy).pipe(Random.withSeed(seed)))
        assert.notDeepEqual(...(yield* Effect.map(drawn, ([one, other]) => [one, other] as const)))
      }
    })
  )

  it.effect.prop("takes what a policy says it takes", [policies], ([fields]) =>
    Effect.gen(function* () {
      const policy = yield* Schema.decodeUnknownEffect(RetryPolicy)(fields).pipe(Effect.option)
      if (Option.isNone(policy)) return
      const seconds = yield* delays(policy.value).pipe(withRandom(0.5))
      const { delaysSeconds, factor = 2, incrementSeconds, initialSeconds, maxSeconds, type } = fields
      const attempts = fields.maxAttempts ?? (type === "list" ? 30 : 10)
      const expected =
        type === "list"
          ? delaysSeconds.slice(0, attempts - 1)
          : Array.from({ length: attempts - 1 }, (_, before) =>
              type === "linear"
                ? initialSeconds + before * incrementSeconds
                : Math.min(initialSeconds * factor ** before, maxSeconds)
            )
      assert.strictEqual(seconds.length, expected.length)
      for (const [index, delay] of expected.entries()) {
        assert.approximately(seconds[index] ?? Number.NaN, delay, 0.001)
      }
      assert.isAtMost(seconds.length + 1, 30)
      assert.isAtMost(
        seconds.reduce((sum, delay) => sum + delay, 0),
        30 * 24 * hour
      )
      const longest = yield* delays(policy.value).pipe(withRandom(1))
      const span = longest.reduce((sum, delay) => sum + delay, 0)
      assert.approximately(longestSpanSeconds(policy.value), Math.min(span, maxSpanSeconds), 1)
    })
  )
})

describe("nextDelay", () => {
  const seconds = (delay: Option.Option<Duration.Duration>) =>
    Option.getOrUndefined(Option.map(delay, Duration.toSeconds))
  const list = { type: "list", delaysSeconds: [10, 20, 30] } as const
  const at = (attempt: number, after: number) => ({ attempt, firstAttemptAt: 5000, now: 5000 + after * 1000 })

  it.effect("ends with the attempts", () =>
    Effect.gen(function* () {
      assert.strictEqual(seconds(yield* nextDelay(list, at(3, 30))), 30)
      assert.isUndefined(seconds(yield* nextDelay(list, at(4, 60))))
      const asked = { ...at(4, 60), retryAfter: Duration.seconds(5) }
      assert.isUndefined(seconds(yield* nextDelay(list, asked)))
    }).pipe(withRandom(0.5))
  )

  it.effect("makes no attempt later than the policy gives up", () =>
    Effect.gen(function* () {
      const policy = { ...list, giveUpAfterSeconds: 60 }
      assert.strictEqual(seconds(yield* nextDelay(policy, at(3, 30))), 30)
      assert.isUndefined(seconds(yield* nextDelay(policy, at(3, 30.001))))
      assert.isUndefined(seconds(yield* nextDelay(policy, at(1, 3600))))
      const standard = { type: "default", giveUpAfterSeconds: 3 * hour } as const
      assert.strictEqual(seconds(yield* nextDelay(standard, at(3, 305))), 30 * minute)
      assert.strictEqual(seconds(yield* nextDelay(standard, at(4, hour))), 2 * hour)
      assert.isUndefined(seconds(yield* nextDelay(standard, at(5, 2.6 * hour))))
    }).pipe(withRandom(0.5))
  )

  it.effect("waits at least as long as the receiver asked for", () =>
    Effect.gen(function* () {
      const asked = (after: number) => ({ ...at(2, 10), retryAfter: Duration.seconds(after) })
      assert.strictEqual(seconds(yield* nextDelay(list, asked(19))), 20)
      assert.strictEqual(seconds(yield* nextDelay(list, asked(600))), 600)
      assert.isUndefined(seconds(yield* nextDelay({ ...list, giveUpAfterSeconds: 609 }, asked(600))))
      assert.strictEqual(seconds(yield* nextDelay({ ...list, giveUpAfterSeconds: 610 }, asked(600))), 600)
    }).pipe(withRandom(0.5))
  )

  it.effect("makes no attempt later than 30 days after the first, whatever the jitter and the receiver", () =>
    Effect.gen(function* () {
      const month = 30 * 24 * hour
      const policy = { type: "list", delaysSeconds: [month - 10, 10] } as const
      assert.strictEqual(seconds(yield* nextDelay(policy, at(1, 0))), month)
      assert.strictEqual(seconds(yield* nextDelay(policy, at(2, month - 4))), 4)
      assert.isUndefined(seconds(yield* nextDelay(policy, at(2, month))))
      assert.isUndefined(seconds(yield* nextDelay(policy, at(2, month + 1))))
      const asked = { ...at(2, month - 60), retryAfter: Duration.hours(1) }
      assert.strictEqual(seconds(yield* nextDelay(policy, asked)), 60)
    }).pipe(withRandom(1))
  )

  /** A delivery's row, and a worker that makes attempts from it until the schedule ends. All of them fail. */
  const worker = (row: { attempts: number; dueAt: number }, attemptedAt: Array<number>) =>
    Effect.gen(function* () {
      for (;;) {
        yield* Effect.sleep(Duration.millis(Math.max(0, row.dueAt - (yield* Clock.currentTimeMillis))))
        const now = yield* Clock.currentTimeMillis
        attemptedAt.push(now)
        row.attempts += 1
        const failed = { attempt: row.attempts, firstAttemptAt: attemptedAt[0] ?? now, now }
        const delay = yield* nextDelay({ type: "default" }, failed)
        if (Option.isNone(delay)) return
        row.dueAt = now + Duration.toMillis(delay.value)
      }
    })

  it.effect("keeps to the 75.6 hours of the default through restarts", () =>
    Effect.gen(function* () {
      const expected = recommended.map((_, index) =>
        recommended.slice(0, index + 1).reduce((sum, delay) => sum + delay * 1000, 0)
      )
      for (const restarts of [[], [1, 400, 3 * hour, 40 * hour, 75 * hour]]) {
        const attemptedAt: Array<number> = []
        const start = yield* Clock.currentTimeMillis
        const row = { attempts: 0, dueAt: start }
        for (const stoppedAt of restarts) {
          const fiber = yield* Effect.forkChild(worker(row, attemptedAt))
          yield* TestClock.setTime(start + stoppedAt * 1000)
          yield* Fiber.interrupt(fiber)
        }
        const last = yield* Effect.forkChild(worker(row, attemptedAt))
        yield* TestClock.adjust("100 hours")
        yield* Fiber.join(last)
        assert.deepStrictEqual(
          attemptedAt.map((at) => at - start),
          [0, ...expected]
        )
        assert.strictEqual(((expected.at(-1) ?? 0) / 3_600_000).toFixed(1), "75.6")
      }
    }).pipe(withRandom(0.5))
  )
})
