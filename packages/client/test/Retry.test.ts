import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Random, Schedule } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { reconnect } from "../src/EventStream.ts"
import { maxRetryAfter, retryTransient, transientRetry } from "../src/Retry.ts"

const list = HttpClientRequest.get("http://service.test/")
const create = HttpClientRequest.post("http://service.test/")

const broken = (request = list) =>
  new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request }) })

const answer = (status: number, headers: Record<string, string> = {}, request = list) =>
  HttpClientResponse.fromWeb(request, new Response(null, { status, headers }))

const refused = (headers: Record<string, string>) => {
  const response = answer(503, headers)
  return new HttpClientError.HttpClientError({
    reason: new HttpClientError.StatusCodeError({ request: list, response })
  })
}

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
      assertNear(yield* delays(transientRetry, broken(), 100), [200, 400, 800, 1600, 3200])
    })
  )

  it.effect("spreads out clients that failed together", () =>
    Effect.gen(function* () {
      const once = delays(transientRetry, broken(), 1)
      const waits = yield* Effect.all([Random.withSeed(once, "a"), Random.withSeed(once, "b")])
      assert.notDeepEqual(waits[0], waits[1])
    })
  )

  it.effect("gives up when Retry-After names more than its bound", () =>
    Effect.gen(function* () {
      const bound = Duration.toSeconds(maxRetryAfter)
      const waits = yield* delays(transientRetry, refused({ "retry-after": String(bound) }), 100)
      assert.strictEqual(waits.length, 5)
      const tooLong = refused({ "retry-after": String(bound + 1) })
      assert.deepStrictEqual(yield* delays(transientRetry, tooLong, 100), [])
    })
  )

  it.effect("repeats a POST only under an Idempotency-Key", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* delays(transientRetry, broken(create), 100), [])
      const keyed = HttpClientRequest.setHeader(create, "idempotency-key", "invoice-1042")
      assert.strictEqual((yield* delays(transientRetry, broken(keyed), 100)).length, 5)
    })
  )
})

describe("retryTransient", () => {
  /** Calls with these outcomes, one after the other and again, and tells when each attempt was made. */
  const calling = Effect.fnUntraced(function* (
    ...outcomes: ReadonlyArray<HttpClientError.HttpClientError | HttpClientResponse.HttpClientResponse>
  ) {
    const at: Array<number> = []
    const client = HttpClient.make(() =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const outcome = outcomes[(at.push(now) - 1) % outcomes.length]
        if (outcome === undefined) return Effect.die(new Error("no outcomes"))
        return HttpClientError.isHttpClientError(outcome) ? Effect.fail(outcome) : Effect.succeed(outcome)
      })
    )
    const call = yield* Effect.forkChild(Effect.result(retryTransient(client).execute(list)))
    yield* TestClock.adjust("10 minutes")
    return { at, result: yield* Fiber.join(call) }
  })

  it.effect("counts answers and broken connections together", () =>
    Effect.gen(function* () {
      const { at, result } = yield* calling(answer(502), broken())
      assert.strictEqual(at.length, 6)
      assert.strictEqual(result._tag, "Failure")
    })
  )

  it.effect("gives the last answer when none goes better", () =>
    Effect.gen(function* () {
      const { at, result } = yield* calling(broken(), answer(504))
      assert.strictEqual(at.length, 6)
      assert.strictEqual(result._tag === "Success" ? result.success.status : undefined, 504)
    })
  )

  it.effect("waits as long as Retry-After says", () =>
    Effect.gen(function* () {
      const { at } = yield* calling(answer(429, { "retry-after": "7" }), answer(200))
      assert.deepStrictEqual(at, [0, 7000])
    })
  )

  it.effect("leaves every other answer alone", () =>
    Effect.gen(function* () {
      for (const status of [200, 404, 408, 500]) {
        const { at, result } = yield* calling(answer(status))
        assert.strictEqual(at.length, 1)
        assert.strictEqual(result._tag === "Success" ? result.success.status : undefined, status)
      }
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
