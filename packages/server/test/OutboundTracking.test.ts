import { assert, it, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { eventually } from "./support/Eventually.ts"
import { allIn, deliveriesTo, detail, endpoint, fastForward, newTenant, publish } from "./support/Outbound.ts"
import { receiverWith } from "./support/Receiver.ts"
import { clientOf, environment, newTenant as tenantOf, start } from "./support/ServiceProcess.ts"
import * as TestDatabase from "./support/TestDatabase.ts"
import { TestService } from "./support/TestService.ts"

const retry = { type: "list", delaysSeconds: [3600, 3600] } as const

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("tracking", (it) => {
  it.effect("keeps no secret that a receiver sends back", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* receiverWith((response, { headers }) => {
        response.writeHead(200, { "x-echo": String(headers["x-api-key"]) }).end(JSON.stringify(headers))
      })
      const secret = 'k3y"of-theirs'
      const { id } = yield* endpoint(client, target.url, {
        headers: [{ name: "X-Api-Key", value: Redacted.make(secret), secret: true }]
      })
      yield* publish(client)
      const [delivery] = yield* allIn(client, id, "succeeded")
      assert.isDefined(delivery)
      assert.strictEqual(target.got[0]?.headers["x-api-key"], secret)
      const { attemptLog } = yield* detail(client, delivery.id)
      assert.strictEqual(attemptLog[0]?.responseHeaders?.["x-echo"], "***")
      assert.include(attemptLog[0]?.responseBody ?? "", '"x-api-key":"***"')
      assert.notInclude(JSON.stringify(attemptLog), "of-theirs")
    })
  )

  it.effect("keeps of each attempt when it was, how long, what was sent and what came back", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      let code = 418
      const target = yield* receiverWith((response) => {
        const headers = {
          "x-request": "r1",
          "set-cookie": ["session=s3cret", "b=2"],
          "content-type": "text/plain"
        }
        setTimeout(() => response.writeHead(code, headers).end("I am a teapot"), 120)
      })
      const { id } = yield* endpoint(client, target.url, {
        retry,
        headers: [
          { name: "X-Api-Key", value: Redacted.make("k3y-of-theirs"), secret: true },
          { name: "X-Source", value: Redacted.make("billing") }
        ]
      })
      const before = Date.now()
      const event = yield* publish(client)
      yield* allIn(client, id, "failed")
      code = 200
      yield* fastForward(id)
      const [delivery] = yield* allIn(client, id, "succeeded")
      assert.isDefined(delivery)
      const { attemptLog, ...summary } = yield* detail(client, delivery.id)
      assert.deepInclude(summary, { state: "succeeded", attempts: 2, eventId: event.id, webhookId: id })
      assert.deepStrictEqual(
        attemptLog.map(({ error, number, status }) => [number, status, error]),
        [
          [1, 418, "Status"],
          [2, 200, undefined]
        ]
      )
      let after = before
      for (const [index, attempt] of attemptLog.entries()) {
        const at = Number(attempt.at.epochMilliseconds)
        assert.isAtLeast(at, after)
        assert.isAtLeast(attempt.durationMs, 110)
        assert.isAtMost(at + attempt.durationMs, Date.now())
        after = at + attempt.durationMs - 1
        assert.strictEqual(attempt.responseBody, "I am a teapot")
        assert.deepInclude(attempt.responseHeaders, {
          "x-request": "r1",
          "set-cookie": "***",
          "content-type": "text/plain"
        })
        const sent = target.got[index]?.headers ?? {}
        assert.strictEqual(sent["x-api-key"], "k3y-of-theirs")
        assert.strictEqual(sent["x-source"], "billing")
        const { "x-api-key": masked, ...shown } = attempt.requestHeaders ?? {}
        assert.strictEqual(masked, "***")
        assert.sameMembers(Object.keys(shown), [
          "x-source",
          "content-type",
          "user-agent",
          "webhook-id",
          "webhook-timestamp",
          "webhook-signature"
        ])
        for (const [name, value] of Object.entries(shown)) assert.strictEqual(sent[name], value)
      }
      assert.strictEqual(
        attemptLog[0]?.requestHeaders?.["webhook-id"],
        attemptLog[1]?.requestHeaders?.["webhook-id"]
      )
      assert.notInclude(JSON.stringify(attemptLog), "s3cret")
      assert.notInclude(JSON.stringify(attemptLog), "k3y-of-theirs")
      const sql = yield* SqlClient.SqlClient
      const stored =
        yield* sql`SELECT request_headers, response_headers FROM attempts WHERE delivery_id = ${delivery.id}`
      assert.notMatch(JSON.stringify(stored), /s3cret|k3y-of-theirs/)
    })
  )

  it.effect("keeps of an attempt without an answer only what there is", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* receiverWith((response) => void response.destroy())
      const { id } = yield* endpoint(client, target.url, { retry })
      yield* publish(client)
      const [delivery] = yield* allIn(client, id, "failed")
      assert.isDefined(delivery)
      const [attempt] = (yield* detail(client, delivery.id)).attemptLog
      assert.isDefined(attempt)
      assert.strictEqual(attempt.error, "Reset")
      assert.isUndefined(attempt.status)
      assert.isUndefined(attempt.responseHeaders)
      assert.isUndefined(attempt.responseBody)
      assert.isDefined(attempt.requestHeaders?.["webhook-signature"])
    })
  )

  it.effect("shows as in flight what takes long, and what came of it after", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const answers: Array<() => void> = []
      const target = yield* receiverWith((response) => {
        answers.push(() => response.writeHead(answers.length === 1 ? 500 : 204).end())
      })
      const { id } = yield* endpoint(client, target.url, { retry })
      yield* publish(client)
      const [shown] = yield* allIn(client, id, "in_flight")
      assert.deepInclude(shown, { attempts: 0 })
      const { items } = yield* client.webhooks.listDeliveries({
        query: { webhookId: id, state: "in_flight" }
      })
      assert.strictEqual(items.length, 1)
      answers[0]?.()
      yield* allIn(client, id, "failed")
      yield* fastForward(id)
      const [again] = yield* allIn(client, id, "in_flight")
      assert.deepInclude(again, { attempts: 1 })
      answers[1]?.()
      const [done] = yield* allIn(client, id, "succeeded")
      assert.deepInclude(done, { attempts: 2 })
    })
  )

  it.effect("leaves cancelled what was cancelled before its answer, and keeps the attempt", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const answers: Array<() => void> = []
      const target = yield* receiverWith((response) => {
        answers.push(() => response.writeHead(500).end())
      })
      const { id } = yield* endpoint(client, target.url, { retry })
      yield* publish(client)
      const [shown] = yield* allIn(client, id, "in_flight")
      assert.isDefined(shown)
      yield* client.webhooks.cancelDelivery({ params: { id: shown.id } })
      yield* allIn(client, id, "cancelled")
      answers[0]?.()
      const { attemptLog, state } = yield* eventually(
        detail(client, shown.id),
        ({ attemptLog }) => attemptLog.length === 1
      )
      assert.strictEqual(state, "cancelled")
      assert.strictEqual(attemptLog[0]?.status, 500)
    })
  )
})

it.live(
  "what was in flight when the service was killed is delivered again, under the same id",
  () =>
    Effect.gen(function* () {
      let hang = true
      const target = yield* receiverWith((response) => {
        if (!hang) response.writeHead(204).end()
      })
      const env = environment(yield* TestDatabase.fresh)
      const first = yield* start(env)
      const { client, key } = yield* tenantOf(first.url, "Acme")
      const { id } = yield* endpoint(client, target.url, { concurrency: 2 })
      const events = yield* Effect.replicateEffect(publish(client), 3)
      yield* eventually(
        deliveriesTo(client, id),
        (all) => all.filter(({ state }) => state === "in_flight").length === 2
      )
      yield* first.kill("SIGKILL")
      yield* first.ended
      const before = target.got.map(({ headers }) => String(headers["webhook-id"]))
      assert.strictEqual(before.length, 2)
      hang = false
      const second = yield* start(env)
      const again = yield* clientOf(second.url, key)
      const all = yield* allIn(again, id, "succeeded", "20 seconds")
      assert.isTrue(all.every(({ attempts }) => attempts === 1))
      const after = target.got.slice(2).map(({ headers }) => String(headers["webhook-id"]))
      assert.sameMembers(
        after,
        events.map(({ id }) => id)
      )
      assert.includeMembers(after, before)
    }),
  90_000
)
