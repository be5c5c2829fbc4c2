import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import type { RetryPolicy } from "@do-integrations/domain/Webhook/RetryPolicy"
import { assert, it, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { allIn, allOnce, type Client, detail, endpoint, newTenant, publish } from "./support/Outbound.ts"
import { receiverWith } from "./support/Receiver.ts"
import { clientOf, environment, newTenant as tenantOf, start } from "./support/ServiceProcess.ts"
import * as TestDatabase from "./support/TestDatabase.ts"
import { TestService } from "./support/TestService.ts"

const failing = receiverWith((response) => void response.writeHead(500).end())

/** Moves the one delivery of an endpoint on, so that its next attempt is this one and due now. */
const moveOn = Effect.fnUntraced(function* (webhookId: OutboundWebhookId, attempt: number, ageSeconds = 0) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    UPDATE undelivered SET attempts = ${attempt - 1}, due_at = now(), state = 'failed',
      round_at = now() - make_interval(secs => ${ageSeconds})
    WHERE webhook_id = ${webhookId}`
})

/** What comes of an attempt that fails: the seconds until the next one, or nothing when it was the last. */
const delayAfter = Effect.fnUntraced(function* (client: Client, id: OutboundWebhookId, attempt: number) {
  const [delivery] = yield* allOnce(
    client,
    id,
    ({ attempts, state }) => attempts === attempt && (state === "failed" || state === "exhausted")
  )
  assert.isDefined(delivery)
  const { attemptLog, nextAttemptAt, state } = yield* detail(client, delivery.id)
  const last = attemptLog.at(-1)
  assert.isDefined(last)
  assert.strictEqual(last.number, attempt)
  assert.strictEqual(state, nextAttemptAt === undefined ? "exhausted" : "failed")
  if (nextAttemptAt === undefined) return undefined
  return (nextAttemptAt.epochMilliseconds - last.at.epochMilliseconds - last.durationMs) / 1000
})

const assertJittered = (delay: number | undefined, expected: number | undefined, what: string) => {
  if (expected === undefined) return assert.isUndefined(delay, what)
  assert.isDefined(delay, what)
  assert.isAtLeast(delay, expected * 0.8 - 0.01, what)
  // From the end of the attempt to when its outcome is looked at, on a machine that has other things to do.
  assert.isAtMost(delay, expected * 1.2 + 0.5, what)
}

/** Policies, and the delay in seconds after some of their attempts; none after the last. */
const policies: ReadonlyArray<{
  readonly retry: RetryPolicy
  readonly delays: ReadonlyArray<readonly [attempt: number, seconds: number | undefined]>
}> = [
  {
    retry: { type: "default" },
    delays: [
      [1, 5],
      [2, 300],
      [5, 18_000],
      [9, 86_400],
      [10, undefined]
    ]
  },
  {
    retry: { type: "exponential", initialSeconds: 10, factor: 3, maxSeconds: 1000, maxAttempts: 7 },
    delays: [
      [1, 10],
      [2, 30],
      [4, 270],
      [6, 1000],
      [7, undefined]
    ]
  },
  {
    retry: { type: "linear", initialSeconds: 60, incrementSeconds: 30 },
    delays: [
      [1, 60],
      [2, 90],
      [9, 300],
      [10, undefined]
    ]
  },
  {
    retry: { type: "list", delaysSeconds: [7, 100, 2_000_000] },
    delays: [
      [1, 7],
      [2, 100],
      [3, 2_000_000],
      [4, undefined]
    ]
  },
  {
    retry: { type: "list", delaysSeconds: [7, 100], maxAttempts: 2 },
    delays: [
      [1, 7],
      [2, undefined]
    ]
  }
]

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("retry policies", (it) => {
  it.effect("make deliveries due as they say, whatever attempt stands in the row", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* failing
      for (const [index, { delays, retry }] of policies.entries()) {
        const type = `policy.${index}`
        const { id } = yield* endpoint(client, target.url, { retry, eventTypes: [type] })
        yield* client.events.publishEvent({ headers: {}, payload: { type, data: {} } })
        for (const [attempt, expected] of delays) {
          if (attempt > 1) yield* moveOn(id, attempt)
          const what = `${JSON.stringify(retry)} after attempt ${attempt}`
          assertJittered(yield* delayAfter(client, id, attempt), expected, what)
        }
      }
    })
  )

  it.effect("give up when their time is over, counted from the first attempt", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* failing
      const { id } = yield* endpoint(client, target.url, {
        retry: { type: "list", delaysSeconds: [60, 60, 60], giveUpAfterSeconds: 600 }
      })
      yield* publish(client)
      assertJittered(yield* delayAfter(client, id, 1), 60, "at first")
      // 60 s more are within ten minutes after 500 s, not after 560.
      yield* moveOn(id, 2, 500)
      assertJittered(yield* delayAfter(client, id, 2), 60, "in time")
      yield* moveOn(id, 3, 560)
      assert.isUndefined(yield* delayAfter(client, id, 3))
    })
  )

  it.effect("wait as long as a receiver asks, where that is longer", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      let asked = "30"
      const { url } = yield* receiverWith(
        (response) => void response.writeHead(500, { "retry-after": asked }).end()
      )
      const { id } = yield* endpoint(client, url, {
        retry: { type: "list", delaysSeconds: [5, 300, 5, 5], giveUpAfterSeconds: 7200 }
      })
      yield* publish(client)
      const first = yield* delayAfter(client, id, 1)
      assert.isDefined(first)
      assert.isAtLeast(first, 30 - 0.01)
      assert.isAtMost(first, 31)
      // Where the schedule waits longer, the schedule counts.
      yield* moveOn(id, 2)
      assertJittered(yield* delayAfter(client, id, 2), 300, "the longer one")
      // A day asked for is longer than there is left.
      asked = "86400"
      yield* moveOn(id, 3)
      assert.isUndefined(yield* delayAfter(client, id, 3))
    })
  )

  it.effect("begin anew when somebody has a delivery made again", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* failing
      const { id } = yield* endpoint(client, target.url, {
        retry: { type: "list", delaysSeconds: [60, 3600] }
      })
      yield* publish(client)
      assertJittered(yield* delayAfter(client, id, 1), 60, "at first")
      yield* moveOn(id, 3, 86_400)
      assert.isUndefined(yield* delayAfter(client, id, 3))
      const [delivery] = yield* allIn(client, id, "exhausted")
      assert.isDefined(delivery)
      yield* client.webhooks.retryDelivery({ params: { id: delivery.id } })
      assertJittered(yield* delayAfter(client, id, 4), 60, "anew")
    })
  )
})

it.live(
  "a restart in the middle of a schedule changes nothing",
  () =>
    Effect.gen(function* () {
      const target = yield* failing
      const env = environment(yield* TestDatabase.fresh)
      const first = yield* start(env)
      const { client, key } = yield* tenantOf(first.url, "Acme")
      const { id } = yield* endpoint(client, target.url, {
        retry: { type: "list", delaysSeconds: [20, 500, 2000] }
      })
      yield* publish(client)
      const [before] = yield* allIn(client, id, "failed")
      yield* first.kill("SIGKILL")
      yield* first.ended
      const second = yield* start(env)
      const again = yield* clientOf(second.url, key)
      const [after] = yield* allOnce(again, id, () => true)
      assert.deepStrictEqual(after, before)
      yield* allOnce(again, id, ({ attempts }) => attempts === 2, "60 seconds")
      assertJittered(yield* delayAfter(again, id, 2), 500, "the second delay")
      assert.isDefined(before)
      const { attemptLog } = yield* detail(again, before.id)
      const [one, two] = attemptLog
      const apart = Number(two?.at.epochMilliseconds) - Number(one?.at.epochMilliseconds)
      assert.isAtLeast(apart, 16_000)
      assert.strictEqual(target.got.length, 2)
    }),
  90_000
)
