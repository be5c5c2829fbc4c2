import { assert, it, layer } from "@effect/vitest"
import { Effect } from "effect"
import { probeAfter } from "../src/DeliveryEngine/Pace.ts"
import { eventually } from "./support/Eventually.ts"
import { judge } from "./support/KeyedReceiver.ts"
import {
  allIn,
  allOnce,
  type Client,
  deliveriesTo,
  detail,
  endpoint,
  endpointNow,
  fastForward,
  newTenant,
  publish,
  publishMany
} from "./support/Outbound.ts"
import { receiverWith } from "./support/Receiver.ts"
import { clientOf, environment, newTenant as tenantOf, start } from "./support/ServiceProcess.ts"
import * as TestDatabase from "./support/TestDatabase.ts"
import { TestService } from "./support/TestService.ts"

/** A receiver that answers as told at the time, and notes when. */
const timed = Effect.gen(function* () {
  let [code, headers]: [number, Record<string, string>] = [204, {}]
  const times: Array<number> = []
  const { url } = yield* receiverWith((response) => {
    times.push(performance.now())
    response.writeHead(code, headers).end()
  })
  const answer = (...next: [number, Record<string, string>]) => {
    ;[code, headers] = next
  }
  return { url, times, answer }
})

/** Waits until the sweep has found what was due: a retry of another endpoint that came due later. */
const swept = Effect.fnUntraced(function* (client: Client) {
  const { url } = yield* judge((_, attempt) => (attempt === 1 ? 500 : 204))
  const { id } = yield* endpoint(client, url, {
    eventTypes: ["sweep.*"],
    retry: { type: "list", delaysSeconds: [1] }
  })
  yield* client.events.publishEvent({ headers: {}, payload: { type: "sweep.by", data: {} } })
  yield* allIn(client, id, "succeeded")
})

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("pacing", (it) => {
  it.effect("keeps to the rate limit of an endpoint", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* timed
      const { id } = yield* endpoint(client, target.url, { rateLimit: 10, concurrency: 100 })
      yield* publishMany(client, 35)
      yield* allIn(client, id, "succeeded", "20 seconds")
      assert.strictEqual(target.times.length, 35)
      const details = yield* Effect.forEach(yield* deliveriesTo(client, id), (one) => detail(client, one.id))
      const times = details.flatMap(({ attemptLog }) => attemptLog.map(({ at }) => at.epochMilliseconds))
      const span = Math.max(...times) - Math.min(...times)
      // A bucket of ten, and ten a second after it; 50 ms between leave to begin and the time that is noted.
      assert.isAtLeast(span, 2450)
      assert.isBelow(span, 8000)
    })
  )

  it.effect("has no more requests under way than the endpoint takes", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      let [underWay, most] = [0, 0]
      const { url } = yield* receiverWith((response) => {
        underWay += 1
        most = Math.max(most, underWay)
        setTimeout(() => {
          underWay -= 1
          response.writeHead(204).end()
        }, 60)
      })
      const { id } = yield* endpoint(client, url, { concurrency: 3 })
      yield* publishMany(client, 30)
      yield* allIn(client, id, "succeeded")
      assert.strictEqual(most, 3)
    })
  )

  it.effect("holds an endpoint and its delivery for as long as a 429 asks", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* timed
      target.answer(429, { "retry-after": "120" })
      const { id } = yield* endpoint(client, target.url, {
        retry: { type: "list", delaysSeconds: [1, 1] }
      })
      const before = Date.now()
      yield* publish(client)
      const [failed] = yield* allIn(client, id, "failed")
      const wait = Number(failed?.nextAttemptAt?.epochMilliseconds) - before
      assert.isAtLeast(wait, 120_000)
      assert.isAtMost(wait, 121_000 + (Date.now() - before))
      const { heldUntil } = yield* eventually(endpointNow(client, id), (now) => now.heldUntil !== undefined)
      const held = Number(heldUntil?.epochMilliseconds) - before
      assert.isAtLeast(held, 120_000)
      assert.isAtMost(held, 121_000 + (Date.now() - before))
      target.answer(204, {})
      yield* publish(client)
      yield* fastForward(id)
      yield* swept(client)
      assert.strictEqual(target.times.length, 1)
      assert.deepStrictEqual(
        (yield* deliveriesTo(client, id)).map(({ state }) => state),
        ["failed", "pending"]
      )
    })
  )

  it.effect("takes nothing but the delivery's time from a 503 that asks for a wait", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* timed
      target.answer(503, { "retry-after": "120" })
      const { id } = yield* endpoint(client, target.url)
      yield* publish(client)
      yield* allIn(client, id, "failed")
      target.answer(204, {})
      yield* publish(client)
      const [failed] = yield* eventually(deliveriesTo(client, id), (all) => all[1]?.state === "succeeded")
      assert.isDefined(failed)
      assert.strictEqual(failed.state, "failed")
      const wait =
        Number(failed.nextAttemptAt?.epochMilliseconds) - Number(failed.createdAt.epochMilliseconds)
      assert.isAtLeast(wait, 120_000)
    })
  )

  it.effect("probes an endpoint that fails, and goes on at once when it recovers", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* timed
      target.answer(500, {})
      const { id } = yield* endpoint(client, target.url, {
        concurrency: 16,
        retry: { type: "list", delaysSeconds: [3600] }
      })
      yield* publishMany(client, 150)
      // After the first pauses of 1 and 2 s come the second probe and a third of 4 s.
      yield* eventually(
        endpointNow(client, id),
        ({ heldUntil }) => Number(heldUntil?.epochMilliseconds) - Date.now() > 3000,
        "20 seconds"
      )
      const asked = target.times.length
      assert.isAtLeast(asked, probeAfter + 2)
      // What was under way when it was found to fail, and one for each pause since.
      assert.isAtMost(asked, probeAfter + 15 + 4)
      target.answer(204, {})
      const done = yield* allOnce(
        client,
        id,
        ({ state }) => state !== "pending" && state !== "in_flight",
        "20 seconds"
      )
      assert.strictEqual(done.filter(({ state }) => state === "succeeded").length, 150 - asked)
      assert.strictEqual(target.times.length, 150)
      // From the probe that succeeded to the last of all.
      assert.isBelow(Number(target.times.at(-1)) - Number(target.times[asked]), 8000)
      assert.isUndefined(
        (yield* eventually(endpointNow(client, id), (now) => now.failingSince === undefined)).failingSince
      )
    })
  )
})

it.live(
  "a hold survives the service: nothing is sent before, and all of it after",
  () =>
    Effect.gen(function* () {
      const target = yield* timed
      target.answer(429, { "retry-after": "10" })
      const env = environment(yield* TestDatabase.fresh)
      const first = yield* start(env)
      const { client, key } = yield* tenantOf(first.url, "Acme")
      const { id } = yield* endpoint(client, target.url)
      yield* publish(client)
      yield* eventually(endpointNow(client, id), ({ heldUntil }) => heldUntil !== undefined)
      target.answer(204, {})
      yield* publish(client)
      yield* first.kill("SIGKILL")
      yield* first.ended
      const second = yield* start(env)
      const again = yield* clientOf(second.url, key)
      yield* allIn(again, id, "succeeded", "30 seconds")
      const [held, ...after] = target.times
      assert.strictEqual(after.length, 2)
      for (const time of after) assert.isAtLeast(time - Number(held), 9900)
    }),
  90_000
)
