import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { RetryPolicy } from "../src/Webhook/RetryPolicy.ts"

const day = 86_400
const decode = Schema.decodeUnknownEffect(RetryPolicy)
const assertAccepted = Effect.fnUntraced(function* (policy: unknown) {
  assert.deepStrictEqual<unknown>(yield* decode(policy), policy)
})
const assertRefused = Effect.fnUntraced(function* (policy: unknown, reason: RegExp) {
  const { message } = yield* Effect.flip(decode(policy))
  assert.match(message, reason, JSON.stringify(policy))
})

describe("RetryPolicy", () => {
  it.effect("takes its four forms, with and without what may be left out", () =>
    Effect.gen(function* () {
      yield* assertAccepted({ type: "default" })
      yield* assertAccepted({ type: "default", giveUpAfterSeconds: 3600 })
      yield* assertAccepted({ type: "exponential", initialSeconds: 5 })
      yield* assertAccepted({
        type: "exponential",
        initialSeconds: 5,
        factor: 1.5,
        maxSeconds: 3600,
        maxAttempts: 30,
        giveUpAfterSeconds: 7200
      })
      yield* assertAccepted({ type: "linear", initialSeconds: 60, incrementSeconds: 60 })
      yield* assertAccepted({ type: "linear", initialSeconds: 1, incrementSeconds: 1, maxAttempts: 1 })
      yield* assertAccepted({ type: "list", delaysSeconds: [1] })
      yield* assertAccepted({ type: "list", delaysSeconds: [5, 1, 5], maxAttempts: 2 })
    })
  )

  it.effect("refuses what is no policy", () =>
    Effect.gen(function* () {
      for (const policy of [
        null,
        [],
        "default",
        {},
        { type: "never" },
        { type: "exponential" },
        { type: "linear", initialSeconds: 5 },
        { type: "list" },
        { type: "list", delaysSeconds: [] },
        { type: "list", delaysSeconds: "5" },
        { type: "list", delaysSeconds: [null] }
      ]) {
        yield* assertRefused(policy, /./)
      }
    })
  )

  it.effect("takes whole seconds from 1, and 1 to 30 attempts", () =>
    Effect.gen(function* () {
      for (const seconds of [0, -1, 0.5, Number.NaN, Infinity, "5", 30 * day + 1]) {
        yield* assertRefused({ type: "default", giveUpAfterSeconds: seconds }, /giveUpAfterSeconds/)
        yield* assertRefused({ type: "list", delaysSeconds: [5, seconds] }, /delaysSeconds/)
        yield* assertRefused({ type: "exponential", initialSeconds: seconds }, /initialSeconds/)
        const exponential = { type: "exponential", initialSeconds: 1, maxSeconds: seconds }
        yield* assertRefused(exponential, /maxSeconds/)
        yield* assertRefused({ type: "linear", initialSeconds: 1, incrementSeconds: seconds }, /increment/)
      }
      for (const maxAttempts of [0, -1, 1.5, 31, "3"]) {
        yield* assertRefused({ type: "exponential", initialSeconds: 1, maxAttempts }, /maxAttempts/)
        yield* assertRefused({ type: "list", delaysSeconds: [1], maxAttempts }, /maxAttempts/)
      }
      for (const factor of [0, 0.9, -2, 101, Number.NaN, Infinity]) {
        yield* assertRefused({ type: "exponential", initialSeconds: 1, factor }, /factor/)
      }
    })
  )

  it.effect("refuses more than 30 attempts", () =>
    Effect.gen(function* () {
      yield* assertAccepted({ type: "list", delaysSeconds: Array.from({ length: 29 }, () => 1) })
      const delaysSeconds = Array.from({ length: 30 }, () => 1)
      yield* assertRefused({ type: "list", delaysSeconds }, /Expected at most 29 delays, got 30/)
    })
  )

  it.effect("refuses more than 30 days, and says how many seconds it would take", () =>
    Effect.gen(function* () {
      yield* assertAccepted({ type: "list", delaysSeconds: [29 * day, day] })
      yield* assertRefused(
        { type: "list", delaysSeconds: [29 * day, day, 1] },
        /Expected at most 30 days \(2592000 s\) .*got 2592001 s\n {2}at \["delaysSeconds"\]/
      )
      // 5 s, doubled eight times: 2555 s in all.
      yield* assertAccepted({ type: "exponential", initialSeconds: 5 })
      const exponential = { type: "exponential", initialSeconds: 1, factor: 10 }
      yield* assertRefused(exponential, /got 111111111 s/)
      yield* assertAccepted({ ...exponential, maxAttempts: 7 })
      yield* assertAccepted({ ...exponential, maxSeconds: day })
      // 1 + 2 + 4 + ... + 2^20 s are within 30 days; 2^21 more are not.
      const doubled = { type: "exponential", initialSeconds: 1, maxAttempts: 22 }
      yield* assertAccepted(doubled)
      yield* assertRefused({ ...doubled, maxAttempts: 23 }, /got 4194303 s/)
      // Nine delays: 1 s and one day more each time, 36 days in all.
      const linear = { type: "linear", initialSeconds: 1, incrementSeconds: day }
      yield* assertRefused(linear, /got 3110409 s/)
      yield* assertAccepted({ ...linear, maxAttempts: 9 })
      yield* assertRefused(
        { type: "exponential", initialSeconds: 1, factor: 100, maxAttempts: 30 },
        /30 days/
      )
    })
  )

  it.effect("refuses a longest delay below the first", () =>
    Effect.gen(function* () {
      yield* assertAccepted({ type: "exponential", initialSeconds: 60, maxSeconds: 60 })
      yield* assertRefused(
        { type: "exponential", initialSeconds: 60, maxSeconds: 59 },
        /maxSeconds to be no less than initialSeconds\n {2}at \["maxSeconds"\]/
      )
    })
  )
})
