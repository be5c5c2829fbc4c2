import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { inject } from "vitest"
import { EventLog } from "../src/EventLog.ts"
import { UnitOfWork } from "../src/UnitOfWork.ts"
import { eventually } from "./support/Eventually.ts"
import { judge } from "./support/KeyedReceiver.ts"
import {
  allIn,
  type Client,
  deliveriesTo,
  endpoint,
  fastForward,
  newTenant,
  publish,
  publishMany
} from "./support/Outbound.ts"
import { TestService } from "./support/TestService.ts"

const postgres = inject("testDatabase")._tag === "Postgres"

/** Events of the test under load; a long run gives more of both. */
const load = {
  events: Number(process.env["ORDER_EVENTS"] ?? 2000),
  keys: Number(process.env["ORDER_KEYS"] ?? 50)
}

/** A fifth of the numbers, scattered: what fails together would have the endpoint probed. */
const failsAtFirst = (n: number) => (Math.imul(n + 1, 0x9e3779b1) >>> 16) % 5 === 0

const byKey = { key: "key", whenExhausted: "block" } as const

const keyed = (client: Client, key: string, n: number) => publish(client, { key, n })

const statesOf = (client: Client, id: OutboundWebhookId) =>
  Effect.map(deliveriesTo(client, id), (all) => all.map(({ state }) => state))

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("order", (it) => {
  it.effect("holds up only the key whose head fails, until its retry succeeds", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const down = new Set(["a"])
      const target = yield* judge(({ key }) => (down.has(key) ? 503 : 204))
      const { id } = yield* endpoint(client, target.url, {
        ordering: byKey,
        retry: { type: "list", delaysSeconds: [3600, 3600] }
      })
      for (let n = 0; n < 4; n++) for (const key of ["a", "b", "c"]) yield* keyed(client, key, n)
      yield* eventually(
        Effect.sync(() => target.taken.length),
        (taken) => taken === 8
      )
      assert.deepStrictEqual(target.takenOf("b"), [0, 1, 2, 3])
      assert.deepStrictEqual(target.takenOf("c"), [0, 1, 2, 3])
      yield* eventually(deliveriesTo(client, id), (all) => all[0]?.state === "failed")
      const states = yield* eventually(
        Effect.map(statesOf(client, id), (all) => all.filter((state) => state !== "succeeded")),
        (left) => left.length === 4
      )
      assert.deepStrictEqual(states, ["failed", "pending", "pending", "pending"])
      // The head once more and without success: still nothing goes by it.
      yield* fastForward(id)
      yield* eventually(deliveriesTo(client, id), (all) => all[0]?.attempts === 2)
      assert.deepStrictEqual(target.triedOf("a"), [0, 0])
      down.clear()
      yield* fastForward(id)
      yield* allIn(client, id, "succeeded")
      assert.deepStrictEqual(target.triedOf("a"), [0, 0, 0, 1, 2, 3])
      assert.strictEqual(target.mostOfOneKey(), 1)
    })
  )

  it.effect("is of the whole endpoint where no key is named, and of those without a key", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const whole = yield* judge(() => 204)
      const missing = yield* judge(() => 204)
      const one = yield* endpoint(client, whole.url, { ordering: { whenExhausted: "block" } })
      const other = yield* endpoint(client, missing.url, {
        ordering: { key: "no.such", whenExhausted: "block" }
      })
      for (let n = 0; n < 30; n++) yield* publish(client, { key: `${n % 3}`, n })
      yield* allIn(client, one.id, "succeeded")
      yield* allIn(client, other.id, "succeeded")
      for (const target of [whole, missing]) {
        assert.deepStrictEqual(
          target.taken.map(({ n }) => n),
          Array.from({ length: 30 }, (_, n) => n)
        )
        assert.strictEqual(target.mostAtOnce(), 1)
      }
    })
  )

  for (const way of ["retry", "cancel"] as const) {
    it.effect(
      `is held up by an exhausted head until somebody has it ${way === "retry" ? "retried" : "cancelled"}`,
      () =>
        Effect.gen(function* () {
          const { client } = yield* newTenant
          const down = new Set(["a"])
          const target = yield* judge(({ key }) => (down.has(key) ? 500 : 204))
          const { id } = yield* endpoint(client, target.url, {
            ordering: byKey,
            retry: { type: "list", delaysSeconds: [3600] }
          })
          for (let n = 0; n < 3; n++) yield* keyed(client, "a", n)
          yield* eventually(deliveriesTo(client, id), (all) => all[0]?.state === "failed")
          yield* fastForward(id)
          const held = yield* eventually(deliveriesTo(client, id), (all) => all[0]?.state === "exhausted")
          assert.deepInclude(held[0], { state: "exhausted", attempts: 2, blocking: true, orderingKey: "a" })
          assert.isUndefined(held[0]?.nextAttemptAt)
          assert.deepInclude(held[1], { state: "pending", attempts: 0 })
          down.clear()
          // Other keys go on, and the sweep comes by in vain.
          yield* keyed(client, "b", 0)
          yield* eventually(
            Effect.sync(() => target.takenOf("b").length),
            (taken) => taken === 1
          )
          yield* fastForward(id)
          yield* keyed(client, "b", 1)
          yield* eventually(
            Effect.sync(() => target.takenOf("b").length),
            (taken) => taken === 2
          )
          assert.deepStrictEqual(target.triedOf("a"), [0, 0])
          const [head] = held
          assert.isDefined(head)
          if (way === "retry") yield* client.webhooks.retryDelivery({ params: { id: head.id } })
          else yield* client.webhooks.cancelDelivery({ params: { id: head.id } })
          yield* eventually(
            Effect.sync(() => target.takenOf("a").length),
            (taken) => taken === (way === "retry" ? 3 : 2)
          )
          assert.deepStrictEqual(target.takenOf("a"), way === "retry" ? [0, 1, 2] : [1, 2])
          const [first] = yield* eventually(deliveriesTo(client, id), (all) =>
            all.slice(1).every(({ state }) => state === "succeeded")
          )
          assert.strictEqual(first?.state, way === "retry" ? "succeeded" : "cancelled")
          assert.isUndefined(first?.blocking)
        })
    )
  }

  it.effect("goes on behind an exhausted head where that is wanted", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const target = yield* judge(({ n }) => (n === 0 ? 500 : 204))
      const { id } = yield* endpoint(client, target.url, {
        ordering: { key: "key", whenExhausted: "skip" },
        retry: { type: "list", delaysSeconds: [3600] }
      })
      for (let n = 0; n < 4; n++) yield* keyed(client, "a", n)
      yield* eventually(deliveriesTo(client, id), (all) => all[0]?.state === "failed")
      yield* fastForward(id)
      yield* eventually(deliveriesTo(client, id), (all) => all[3]?.state === "succeeded")
      const [head] = yield* deliveriesTo(client, id)
      assert.deepInclude(head, { state: "exhausted", attempts: 2 })
      assert.isUndefined(head?.blocking)
      assert.deepStrictEqual(target.triedOf("a"), [0, 0, 1, 2, 3])
    })
  )

  it.effect("may begin and end while events wait: nothing is lost or turned round", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      let code = 500
      const target = yield* judge(() => code)
      const { id } = yield* endpoint(client, target.url, {
        retry: { type: "list", delaysSeconds: [3600, 3600, 3600] }
      })
      const change = (ordering: typeof byKey | null) =>
        client.webhooks.updateOutboundWebhook({ params: { id }, payload: { ordering } })
      for (let n = 0; n < 4; n++) yield* keyed(client, "a", n)
      yield* allIn(client, id, "failed")
      yield* change(byKey)
      for (let n = 4; n < 7; n++) yield* keyed(client, "a", n)
      yield* eventually(deliveriesTo(client, id), (all) => all[4]?.state === "failed")
      code = 204
      yield* fastForward(id)
      yield* allIn(client, id, "succeeded")
      // What waited unordered has one place in the order, what came after it another.
      assert.deepStrictEqual(
        target.taken.map(({ n }) => n).filter((n) => n < 4),
        [0, 1, 2, 3]
      )
      assert.deepStrictEqual(
        target.taken.map(({ n }) => n).filter((n) => n >= 4),
        [4, 5, 6]
      )

      code = 500
      for (let n = 7; n < 10; n++) yield* keyed(client, "a", n)
      yield* eventually(deliveriesTo(client, id), (all) => all[7]?.state === "failed")
      assert.deepStrictEqual((yield* statesOf(client, id)).slice(7), ["failed", "pending", "pending"])
      code = 204
      yield* change(null)
      // Nothing stands behind the one that waits for its retry any more.
      yield* eventually(deliveriesTo(client, id), (all) => all[9]?.state === "succeeded")
      yield* eventually(deliveriesTo(client, id), (all) => all[8]?.state === "succeeded")
      assert.deepStrictEqual((yield* statesOf(client, id)).slice(7), ["failed", "succeeded", "succeeded"])
      yield* fastForward(id)
      yield* allIn(client, id, "succeeded")
    })
  )

  const pausedAndResumed = Effect.fnUntraced(function* (client: Client, count: number) {
    const target = yield* judge(() => 204)
    const { createdAt, id } = yield* endpoint(client, target.url, { ordering: byKey })
    const params = { id }
    yield* client.webhooks.pauseOutboundWebhook({ params })
    yield* publishMany(client, count, () => ({ key: "a" }))
    yield* keyed(client, "b", 1)
    const resume = client.webhooks.resumeOutboundWebhook({ params, payload: { recoverSince: createdAt } })
    return { id, resume, target }
  })

  it.effect("puts what was skipped before what is published after the endpoint is resumed", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      // More than a job moves at once.
      const { id, resume, target } = yield* pausedAndResumed(client, 2500)
      yield* resume
      yield* keyed(client, "b", 2)
      yield* eventually(
        Effect.sync(() => target.takenOf("b").length),
        (taken) => taken === 2
      )
      assert.deepStrictEqual(target.takenOf("b"), [1, 2])
      assert.deepStrictEqual((yield* client.jobs.listJobs({ query: { subject: id } })).items, [])
    })
  )

  it.effect.skipIf(!postgres)("is kept while the endpoint is resumed and published to (Postgres only)", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const sql = yield* SqlClient.SqlClient
      const { id, resume, target } = yield* pausedAndResumed(client, 0)
      const waiting = (count: number) =>
        eventually(
          sql`
            SELECT 1 FROM pg_locks
            WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
          (rows) => rows.length === count
        )
      yield* Effect.gen(function* () {
        yield* sql`SELECT pg_advisory_xact_lock(hashtextextended(${id}, 0))`
        const before = yield* Effect.forkChild(keyed(client, "b", 2))
        yield* waiting(1)
        const resuming = yield* Effect.forkChild(resume)
        yield* waiting(2)
        const meanwhile = yield* Effect.forkChild(keyed(client, "b", 3))
        yield* waiting(3)
        return [before, resuming, meanwhile] as const
      }).pipe(sql.withTransaction, Effect.flatMap(Fiber.joinAll))
      yield* keyed(client, "b", 4)
      yield* allIn(client, id, "succeeded")
      assert.deepStrictEqual(target.takenOf("b"), [1, 2, 3, 4])
    })
  )

  it.effect.skipIf(!postgres)(
    "takes in what was published before it began and committed after (Postgres only)",
    () =>
      Effect.gen(function* () {
        const { client, tenantId } = yield* newTenant
        const events = yield* EventLog
        const unit = yield* UnitOfWork
        const target = yield* judge(() => 204)
        const { id } = yield* endpoint(client, target.url, { eventTypes: ["*"] })
        const recorded = yield* Deferred.make<void>()
        const close = yield* Deferred.make<void>()
        const open = yield* unit
          .commit(
            Effect.gen(function* () {
              const data = { integrationType: "stripe" } as const
              yield* events.record({ type: "integration:connected", data, tenantId })
              yield* Deferred.succeed(recorded, undefined)
              yield* Deferred.await(close)
            })
          )
          .pipe(Effect.forkChild)
        yield* Deferred.await(recorded)
        const { ordering } = yield* client.webhooks.updateOutboundWebhook({
          params: { id },
          payload: { ordering: { whenExhausted: "block" } }
        })
        assert.isDefined(ordering)
        yield* publish(client, { key: "", n: 1 })
        yield* eventually(deliveriesTo(client, id), (all) => all.at(-1)?.state === "succeeded")
        yield* Deferred.succeed(close, undefined)
        yield* Fiber.join(open)
        yield* allIn(client, id, "succeeded", "25 seconds")
        assert.strictEqual((yield* deliveriesTo(client, id)).length, 2)
      })
  )
})

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("order under load", (it) => {
  it.effect(
    `holds for ${load.events} events over ${load.keys} keys of which a fifth fails at first`,
    () =>
      Effect.gen(function* () {
        const { client } = yield* newTenant
        const sql = yield* SqlClient.SqlClient
        const target = yield* judge(({ n }, attempt) => (failsAtFirst(n) && attempt === 1 ? 503 : 204))
        const { id } = yield* endpoint(client, target.url, {
          ordering: byKey,
          concurrency: 32,
          retry: { type: "list", delaysSeconds: [1, 1, 1] }
        })
        yield* publishMany(client, load.events, (n) => ({ key: `${n % load.keys}` }))
        yield* eventually(
          sql`SELECT state, attempts FROM undelivered WHERE webhook_id = ${id} LIMIT 3`,
          (left) => left.length === 0,
          `${60 + load.events / load.keys} seconds`
        )
        const sent = yield* sql<{
          readonly event_id: string
          readonly sequence: bigint
          readonly ordering_key: string
        }>`SELECT event_id, sequence, ordering_key FROM deliveries WHERE webhook_id = ${id} ORDER BY sequence`
        assert.strictEqual(sent.length, load.events)
        assert.strictEqual(target.taken.length, load.events)
        const order = new Map<string, Array<string>>()
        for (const one of sent)
          order.set(one.ordering_key, [...(order.get(one.ordering_key) ?? []), one.event_id])
        assert.strictEqual(order.size, load.keys)
        const got = new Map<string, Array<string>>()
        for (const one of target.taken) {
          const list = got.get(one.key)
          if (list === undefined) got.set(one.key, [one.id])
          else list.push(one.id)
        }
        for (const [key, ids] of order) assert.deepStrictEqual(got.get(key), ids)
        assert.strictEqual(target.mostOfOneKey(), 1)
        const failures = target.tried.length - target.taken.length
        const expected = Array.from({ length: load.events }, (_, n) => n).filter(failsAtFirst)
        assert.strictEqual(failures, expected.length)
      }),
    { timeout: 120_000 + (load.events / load.keys) * 2000 }
  )
})
