import { WebhookVerifier } from "@do-integrations/client/WebhookVerifier"
import { WebhookBatch } from "@do-integrations/client/WebhookEnvelope"
import { assert, layer } from "@effect/vitest"
import { DateTime, Effect, type Redacted, Schema } from "effect"
import { eventually } from "./support/Eventually.ts"
import { allIn, deliveriesTo, detail, endpoint, fastForward, newTenant, publish } from "./support/Outbound.ts"
import { type Delivered, receiverWith } from "./support/Receiver.ts"
import { TestService } from "./support/TestService.ts"

const Item = Schema.Struct({
  id: Schema.String,
  type: Schema.String,
  timestamp: Schema.String,
  data: Schema.Struct({ n: Schema.Int, key: Schema.optionalKey(Schema.String) })
})
const Body = Schema.fromJsonString(
  Schema.Struct({ type: Schema.Literal("batch"), timestamp: Schema.String, data: Schema.Array(Item) })
)
const decode = Schema.decodeUnknownEffect(Body, { onExcessProperty: "error" })

const read = ({ body }: Delivered) => decode(body)
const numbersOf = Effect.fnUntraced(function* (got: ReadonlyArray<Delivered>) {
  return (yield* Effect.forEach(got, read)).map(({ data }) => data.map((one) => one.data.n))
})

/** A receiver that answers what it is told to answer at the time. */
const switched = Effect.gen(function* () {
  let code = 204
  const target = yield* receiverWith((response) => void response.writeHead(code).end())
  return {
    ...target,
    answer: (status: number) => {
      code = status
    }
  }
})

const assertVerified = Effect.fnUntraced(function* (secrets: Redacted.Redacted, request: Delivered) {
  const { verify } = yield* WebhookVerifier.make({ secrets })
  const envelope = yield* verify(request)
  assert.instanceOf(envelope, WebhookBatch)
})

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("batches", (it) => {
  it.effect("go when they are full, signed, each event with its id", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* switched
      const { id, secret } = yield* endpoint(client, target.url, {
        batching: { maxEvents: 3, maxWaitMs: 60_000 }
      })
      const events = yield* Effect.forEach([0, 1, 2, 3, 4, 5, 6], (n) => publish(client, { n }))
      yield* eventually(
        Effect.sync(() => target.got.length),
        (got) => got === 2
      )
      const [first] = target.got
      assert.isDefined(first)
      const { data, timestamp } = yield* read(first)
      assert.deepStrictEqual(
        data,
        events.slice(0, 3).map(({ createdAt, id, type }, n) => ({
          id,
          type,
          timestamp: DateTime.formatIso(createdAt),
          data: { n }
        }))
      )
      assert.isAtLeast(Date.parse(timestamp), Number(events[2]?.createdAt.epochMilliseconds) - 1)
      assert.deepStrictEqual(yield* numbersOf(target.got), [
        [0, 1, 2],
        [3, 4, 5]
      ])
      for (const request of target.got) {
        assert.match(String(request.headers["webhook-id"]), /^bat_[\w-]{43}$/)
        yield* assertVerified(secret, request)
      }
      assert.notStrictEqual(first.headers["webhook-id"], target.got[1]?.headers["webhook-id"])
      // The last one waits for others, and is pending.
      const all = yield* eventually(deliveriesTo(client, id), (all) => all[5]?.state === "succeeded")
      assert.deepStrictEqual(
        all.map(({ attempts, state }) => [state, attempts]),
        [...Array.from({ length: 6 }, () => ["succeeded", 1]), ["pending", 0]]
      )
    })
  )

  it.effect("go after their time when they are not full", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* switched
      const { id } = yield* endpoint(client, target.url, {
        batching: { maxEvents: 100, maxWaitMs: 3000 }
      })
      const [first] = yield* Effect.forEach([0, 1, 2], (n) => publish(client, { n }))
      yield* allIn(client, id, "succeeded", "20 seconds")
      const [batch, ...more] = yield* Effect.forEach(target.got, read)
      assert.deepStrictEqual(more, [])
      assert.deepStrictEqual(yield* numbersOf(target.got), [[0, 1, 2]])
      const waited = Date.parse(batch?.timestamp ?? "") - Number(first?.createdAt.epochMilliseconds)
      assert.isAtLeast(waited, 3000)
      assert.isBelow(waited, 10_000)
    })
  )

  it.effect("that fail are tried again with all their events, each of which has its attempts", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* switched
      target.answer(500)
      const { id, secret } = yield* endpoint(client, target.url, {
        batching: { maxEvents: 50, maxWaitMs: 60_000 },
        retry: { type: "list", delaysSeconds: [2, 3600] }
      })
      yield* Effect.forEach(
        Array.from({ length: 50 }, (_, n) => n),
        (n) => publish(client, { n }),
        { concurrency: 8 }
      )
      const failed = yield* allIn(client, id, "failed")
      assert.strictEqual(target.got.length, 1)
      assert.strictEqual(new Set(failed.map((one) => one.nextAttemptAt?.epochMilliseconds)).size, 1)
      // Retried by itself when it is due, not before: not even where it might wait for others.
      const [first, second] = yield* eventually(
        Effect.sync(() => target.got),
        (got) => got.length >= 2
      )
      assert.isDefined(first)
      assert.isDefined(second)
      const [before, after] = [yield* read(first), yield* read(second)]
      assert.isAtLeast(Date.parse(after.timestamp) - Date.parse(before.timestamp), 1600)
      assert.deepStrictEqual(after.data, before.data)
      assert.strictEqual(second.headers["webhook-id"], first.headers["webhook-id"])
      yield* assertVerified(secret, second)
      yield* eventually(deliveriesTo(client, id), (all) => all.every(({ attempts }) => attempts === 2))
      target.answer(204)
      yield* fastForward(id)
      const done = yield* allIn(client, id, "succeeded")
      assert.isTrue(done.every(({ attempts }) => attempts === 3))
      assert.strictEqual(target.got.length, 3)
      const [delivery] = done
      assert.isDefined(delivery)
      const { attemptLog } = yield* detail(client, delivery.id)
      assert.deepStrictEqual(
        attemptLog.map(({ error, number, status }) => [number, status, error]),
        [
          [1, 500, "Status"],
          [2, 500, "Status"],
          [3, 204, undefined]
        ]
      )
    })
  )

  it.effect("of an ordered endpoint hold one key each, in order, and hold it up when they fail", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* switched
      const { id } = yield* endpoint(client, target.url, {
        ordering: { key: "key", whenExhausted: "block" },
        batching: { maxEvents: 2, maxWaitMs: 60_000 },
        retry: { type: "list", delaysSeconds: [3600, 3600] }
      })
      target.answer(500)
      for (let n = 0; n < 4; n++) for (const key of ["a", "b"]) yield* publish(client, { key, n })
      yield* eventually(deliveriesTo(client, id), (all) =>
        all.slice(0, 4).every(({ attempts }) => attempts === 1)
      )
      // One batch of each key, and the retry is not due although it might wait for others for a minute.
      yield* publish(client, { key: "c", n: 0 })
      yield* publish(client, { key: "c", n: 1 })
      yield* eventually(
        Effect.sync(() => target.got.length),
        (got) => got === 3
      )
      assert.deepStrictEqual(
        (yield* deliveriesTo(client, id)).slice(4, 8).map(({ state }) => state),
        ["pending", "pending", "pending", "pending"]
      )
      target.answer(204)
      yield* fastForward(id)
      yield* allIn(client, id, "succeeded")
      const batches = yield* Effect.forEach(target.got, read)
      const ofKey = (wanted: string) =>
        batches
          .filter(({ data }) => data.some(({ data }) => data.key === wanted))
          .map(({ data }) => data.map(({ data: { key = "", n } }) => `${key}${n}`).join(" "))
      assert.deepStrictEqual(ofKey("a"), ["a0 a1", "a0 a1", "a2 a3"])
      assert.deepStrictEqual(ofKey("b"), ["b0 b1", "b0 b1", "b2 b3"])
      assert.deepStrictEqual(ofKey("c"), ["c0 c1", "c0 c1"])
    })
  )
})
