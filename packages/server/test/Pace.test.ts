import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Schema } from "effect"
import { firstPause, longestHold, longestPause, Pace, probeAfter } from "../src/DeliveryEngine/Pace.ts"

type Options = ConstructorParameters<typeof Pace>[0]

const pace = (options: Partial<Options> = {}) => new Pace({ concurrency: 16, ...options })

const failed = { succeeded: false, status: 500 }
const succeeded = { succeeded: true, status: 204 }

/** Begins what may begin at a time; how many it is. */
const beginAll = (pace: Pace, now: number) => {
  let begun = 0
  while (pace.wait(now) === 0) {
    pace.begin()
    begun += 1
  }
  return begun
}

/** One request from beginning to end. */
const attempt = (pace: Pace, report: Parameters<Pace["end"]>[0], now: number) => {
  assert.strictEqual(pace.wait(now), 0)
  pace.begin()
  pace.end(report, now)
}

const first = Duration.toMillis(firstPause)

/** A pace that has just begun to probe: its endpoint has failed often enough, and is left alone. */
const probing = (now: number) => {
  const one = pace()
  for (let failure = 0; failure < probeAfter; failure++) attempt(one, failed, now)
  return one
}

describe("the pace of an endpoint", () => {
  it("lets as many requests be under way as its concurrency says", () => {
    const one = pace({ concurrency: 3 })
    assert.strictEqual(beginAll(one, 0), 3)
    assert.strictEqual(one.wait(60_000), Infinity)
    one.end(succeeded, 10)
    one.abandon()
    assert.strictEqual(one.underWay, 1)
    assert.strictEqual(beginAll(one, 10), 2)
  })

  it("gives a bucket of one second's tokens and fills it at the rate", () => {
    const one = pace({ concurrency: 100, rateLimit: 5 })
    const second = (now: number) => {
      const begun = beginAll(one, now)
      for (let ended = 0; ended < begun; ended++) one.end(succeeded, now)
      return begun
    }
    assert.strictEqual(second(1000), 5)
    assert.strictEqual(one.wait(1000), 200)
    assert.strictEqual(one.wait(1150), 50)
    assert.strictEqual(second(1200), 1)
    assert.strictEqual(second(1700), 2)
    assert.strictEqual(second(60_000), 5)
  })

  it("takes over changed bounds", () => {
    const one = pace({ concurrency: 2 })
    assert.strictEqual(beginAll(one, 0), 2)
    one.configure({ concurrency: 5 })
    one.end(succeeded, 0)
    one.end(succeeded, 0)
    assert.strictEqual(beginAll(one, 0), 4)
    one.configure({ concurrency: 1, rateLimit: 1 })
    for (let ended = 0; ended < 4; ended++) one.end(succeeded, 0)
    assert.strictEqual(beginAll(one, 0), 1)
    one.end(succeeded, 0)
    assert.strictEqual(one.wait(0), 1000)
  })

  it("goes on unslowed through fewer failures than make it probe", () => {
    const one = pace()
    for (let failure = 1; failure < probeAfter; failure++) attempt(one, failed, 0)
    assert.strictEqual(one.heldUntil, 0)
    assert.strictEqual(beginAll(one, 0), 16)
  })

  it("probes with one request at a time, after pauses that double up to the longest", () => {
    const one = probing(0)
    let now = 0
    const pauses: Array<number> = []
    for (let probe = 0; probe < 9; probe++) {
      pauses.push(one.heldUntil - now)
      assert.strictEqual(one.wait(now), one.heldUntil - now)
      assert.strictEqual(one.wait(one.heldUntil - 1), 1)
      now = one.heldUntil
      assert.strictEqual(beginAll(one, now), 1)
      one.end(failed, now)
    }
    const seconds = [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert.deepStrictEqual(
      pauses,
      seconds.map((second) => second * first)
    )
    assert.strictEqual(Duration.toMillis(longestPause), 60 * first)
  })

  it("opens again with the first success", () => {
    const one = probing(0)
    attempt(one, failed, first)
    const probedAt = one.heldUntil
    attempt(one, succeeded, probedAt)
    assert.strictEqual(beginAll(one, probedAt), 16)
    for (let failure = 0; failure < 16; failure++) one.end(failed, probedAt)
    // A new series begins with the first pause.
    assert.strictEqual(one.heldUntil - probedAt, first)
  })

  it("takes requests that fail together for one failure", () => {
    const one = pace()
    assert.strictEqual(beginAll(one, 0), 16)
    for (let failure = 0; failure < 16; failure++) one.end(failed, failure)
    assert.strictEqual(one.heldUntil, probeAfter - 1 + first)
    attempt(one, failed, one.heldUntil)
    assert.strictEqual(one.heldUntil, probeAfter - 1 + first + 2 * first)
  })

  for (const status of [429, 502, 504]) {
    it(`halves its width and pauses after a ${status}, and widens by one for each success`, () => {
      const one = pace()
      attempt(one, { succeeded: false, status }, 0)
      assert.strictEqual(one.heldUntil, first)
      assert.strictEqual(beginAll(one, first), 8)
      for (let ended = 0; ended < 8; ended++) one.end(succeeded, first)
      assert.strictEqual(beginAll(one, first), 16)
    })
  }

  it("never narrows below one request", () => {
    const one = pace({ concurrency: 2 })
    let now = 0
    for (let failure = 0; failure < 4; failure++) {
      attempt(one, { succeeded: false, status: 429 }, now)
      now = one.heldUntil
    }
    assert.strictEqual(beginAll(one, now), 1)
  })

  it("holds for as long as a receiver asks that has too much to do, at most for the longest hold", () => {
    const one = pace()
    attempt(one, { succeeded: false, status: 429, retryAfter: Duration.seconds(30) }, 0)
    assert.strictEqual(one.heldUntil, 30_000)
    const two = pace()
    attempt(two, { succeeded: false, status: 429, retryAfter: Duration.hours(5) }, 0)
    assert.strictEqual(two.heldUntil, Duration.toMillis(longestHold))
  })

  it("keeps the longer one of two holds", () => {
    const one = pace()
    one.begin()
    one.begin()
    one.begin()
    one.end({ succeeded: false, status: 429, retryAfter: Duration.seconds(30) }, 0)
    one.end({ succeeded: false, status: 429, retryAfter: Duration.seconds(5) }, 10)
    one.end({ succeeded: false, status: 504 }, 20)
    assert.strictEqual(one.heldUntil, 30_000)
  })

  it("holds up nothing but the delivery for a Retry-After of another status", () => {
    const one = pace()
    attempt(one, { succeeded: false, status: 500, retryAfter: Duration.hours(1) }, 0)
    assert.strictEqual(one.heldUntil, 0)
  })

  it("goes on from what the endpoint's row says: held, and to be probed", () => {
    const one = pace({
      holdUntil: DateTime.makeUnsafe(5000),
      failingSince: DateTime.makeUnsafe(1000)
    })
    assert.strictEqual(one.wait(2000), 3000)
    assert.strictEqual(beginAll(one, 5000), 1)
    one.end(succeeded, 5000)
    assert.strictEqual(beginAll(one, 5000), 16)
  })
})

const Below = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

/** Some time passes, as many begin as wish to, and one of them ends. */
const Steps = Schema.Array(
  Schema.Struct({
    passed: Below(1500),
    wish: Below(8),
    ending: Schema.UndefinedOr(Schema.Literals([200, 204, 429, 500, 502, 504])),
    retryAfter: Schema.UndefinedOr(Below(5))
  })
).check(Schema.isMaxLength(200))

const Bounds = Schema.Struct({
  concurrency: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 6 })),
  rateLimit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 20 })))
})

it.effect.prop(
  "never lets more be under way than the concurrency, nor more begin than the rate and a bucket",
  [Bounds, Steps],
  ([bounds, steps]) =>
    Effect.sync(() => {
      const one = pace(bounds)
      const { concurrency, rateLimit = Infinity } = bounds
      const begun: Array<number> = []
      let now = 1_000_000
      for (const { ending, passed, retryAfter, wish } of steps) {
        now += passed
        for (let request = 0; request < wish && one.wait(now) === 0; request++) {
          assert.isAtMost(one.heldUntil, now)
          one.begin()
          begun.push(now)
        }
        assert.isAtMost(one.underWay, concurrency)
        for (const start of begun) {
          const within = begun.filter((time) => time >= start && time < start + 1000).length
          assert.isAtMost(within, 2 * rateLimit)
        }
        if (one.underWay === 0) continue
        const waited = retryAfter === undefined ? undefined : Duration.seconds(retryAfter)
        if (ending === undefined) one.abandon()
        else one.end({ succeeded: ending < 300, status: ending, retryAfter: waited }, now)
        // Whatever happened, once everything has ended a request may begin again, at the time that is named.
        const wait = one.wait(now)
        if (one.underWay === 0) assert.isAtMost(wait, Duration.toMillis(longestHold))
      }
    }),
  { arbitrary: { runs: 500, size: 100 } }
)
