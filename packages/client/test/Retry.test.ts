import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Random, Result, Schedule } from "effect"
import { HttpClientError, HttpClientRequest } from "effect/http"
import { reconnect } from "../src/EventStream.ts"
import { maxRetryAfter, Transient, transientRetry } from "../src/Retry.ts"

const request = HttpClientRequest.get("http://service.test/")
const outcome = Result.fail(
  new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request }) })
)

/** The delays that a schedule gives while the same thing fails over and over, in ms, at most `count`. */
const delays = Effect.fnUntraced(function* <Input>(
  schedule: Schedule.Schedule<unknown, Input>,
  input: Input,
  count: number
) {
  const step = yield* Schedule.toStep(schedule)
  const waits: Array<number> = []
  yield* Effect.suspend(() => step(0, input)).pipe(
    Effect.tap(([, delay]) => Effect.sync(() => waits.push(Duration.toMillis(delay)))),
    Effect.repeat({ times: count - 1 }),
    Effect.ignore
  )
  return waits
})

const assertNear = (actual: ReadonlyArray<number>, expected: ReadonlyArray<number>) => {
  assert.strictEqual(actual.length, expected.length, `delays: ${actual.join(", ")}`)
  for (const [index, delay] of expected.entries()) {
    const wait = actual[index] ?? Number.NaN
    assert.isTrue(wait >= delay * 0.8 && wait <= delay * 1.2, `${wait} is not about ${delay}`)
  }
}

describe("transientRetry", () => {
  it.effect("waits 0.2 s and twice as long each time, five times in all", () =>
    Effect.gen(function* () {
      const waits = yield* delays(transientRetry, new Transient({ outcome }), 100)
      assertNear(waits, [200, 400, 800, 1600, 3200])
    })
  )

  it.effect("spreads out clients that failed together", () =>
    Effect.gen(function* () {
      const once = delays(transientRetry, new Transient({ outcome }), 1)
      const waits = yield* Effect.all([Random.withSeed(once, "a"), Random.withSeed(once, "b")])
      assert.notDeepEqual(waits[0], waits[1])
    })
  )

  it.effect("waits as long as Retry-After says, up to its bound", () =>
    Effect.gen(function* () {
      const retryAfter = Duration.seconds(7)
      assert.deepStrictEqual(
        yield* delays(transientRetry, new Transient({ outcome, retryAfter }), 100),
        [7000, 7000, 7000, 7000, 7000]
      )
      const tooLong = Duration.sum(maxRetryAfter, Duration.millis(1))
      assert.deepStrictEqual(
        yield* delays(transientRetry, new Transient({ outcome, retryAfter: tooLong }), 100),
        []
      )
    })
  )
})

describe("reconnect", () => {
  it.effect("waits 0.5 s, twice as long each time up to 30 s, and does not give up", () =>
    Effect.gen(function* () {
      const waits = yield* delays(reconnect, { retryAfter: Duration.zero }, 10)
      assertNear(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000])
    })
  )
})
