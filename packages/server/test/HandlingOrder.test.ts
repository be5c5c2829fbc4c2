import { assert, layer } from "@effect/vitest"
import { Effect, Latch, Schema } from "effect"
import { DeadLetter } from "../src/WebhookHandlers.ts"
import { eventually } from "./support/Eventually.ts"
import {
  allStand,
  type Call,
  Calls,
  fastForward,
  handlingOf,
  inbox,
  layer as services,
  messagesOf,
  Refused,
  to
} from "./support/Handled.ts"
import { newTenant } from "./support/Outbound.ts"
import { assertRefused } from "./support/Refused.ts"

const Body = Schema.Struct({ key: Schema.String, n: Schema.Int })
const bodyOf = ({ payload }: Call) => Schema.decodeUnknownSync(Body)(payload)

const refuse = (message: string) => Effect.fail(new Refused({ message }))

layer(services, { excludeTestServices: true, timeout: "60 seconds" })("order of handling", (it) => {
  it.effect("is kept within each key, whatever fails, and keys do not wait for each other", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const calls = yield* Calls
      const done: Array<typeof Body.Type> = []
      calls.behaviour.set("inbox", (call) => {
        const body = bodyOf(call)
        if (body.n % 5 === 0 && call.attempt === 1) return refuse("the first time")
        return Effect.sync(() => void done.push(body))
      })
      const { post, webhook } = yield* inbox(client, [to("inbox")], {
        ordering: { key: "key" },
        retry: { type: "list", delaysSeconds: [1, 1] }
      })
      const keys = Array.from({ length: 10 }, (_, index) => `key ${index}`)
      yield* Effect.forEach(
        keys,
        (key) =>
          Effect.forEach(
            Array.from({ length: 8 }, (_, n) => n),
            (n) => post({ key, n })
          ),
        { concurrency: "unbounded" }
      )
      yield* allStand(client, webhook.id, "handled", 80)
      for (const key of keys) {
        assert.deepStrictEqual(
          done.filter((body) => body.key === key).map(({ n }) => n),
          [0, 1, 2, 3, 4, 5, 6, 7]
        )
      }
      calls.behaviour.clear()
    })
  )

  it.effect("stands still behind what is dead until it is replayed, or goes on, as the webhook says", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const calls = yield* Calls
      let broken = true
      calls.behaviour.set("inbox", (call) =>
        broken && bodyOf(call).n === 0 ? refuse("broken") : Effect.void
      )
      const settings = (whenExhausted: "block" | "skip") =>
        ({
          ordering: { key: "key", whenExhausted },
          retry: { type: "list", delaysSeconds: [1], maxAttempts: 1 }
        }) as const
      const blocked = yield* inbox(client, [to("inbox")], settings("block"))
      const skipped = yield* inbox(client, [to("inbox")], settings("skip"))
      for (const { post } of [blocked, skipped]) {
        yield* post({ key: "a", n: 0 })
        yield* post({ key: "a", n: 1 })
        yield* post({ key: "b", n: 1 })
      }
      const states = (id: typeof blocked.webhook.id) =>
        Effect.map(messagesOf(client, id), (all) => all.map(({ state }) => state))
      yield* eventually(states(skipped.webhook.id), (all) => all.join() === "dead,handled,handled")
      yield* eventually(states(blocked.webhook.id), (all) => all.join() === "dead,pending,handled")
      const [head] = yield* messagesOf(client, blocked.webhook.id)
      assert.isDefined(head)
      assert.isTrue(handlingOf(head, "inbox")?.blocking)
      broken = false
      yield* client.webhooks.replayMessage({ params: { id: head.id }, headers: {}, payload: {} })
      yield* allStand(client, blocked.webhook.id, "handled", 3)
      const order = calls.all.flatMap((call) =>
        call.webhookId === blocked.webhook.id && bodyOf(call).key === "a" ? [bodyOf(call).n] : []
      )
      assert.deepStrictEqual(order, [0, 0, 1])
      calls.behaviour.clear()
    })
  )

  it.effect("blocks nothing any more once the webhook skips what is dead, or keeps no order", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const calls = yield* Calls
      calls.behaviour.set("inbox", (call) =>
        bodyOf(call).n === 0 ? Effect.fail(new DeadLetter({ reason: "No use" })) : Effect.void
      )
      for (const ordering of [{ whenExhausted: "skip" }, null] as const) {
        const { post, webhook } = yield* inbox(client, [to("inbox")], { ordering: { key: "key" } })
        for (const n of [0, 1, 2]) yield* post({ key: "a", n })
        yield* eventually(
          messagesOf(client, webhook.id),
          ([head]) => handlingOf(head, "inbox")?.blocking === true
        )
        yield* client.webhooks.updateInboundWebhook({ params: { id: webhook.id }, payload: { ordering } })
        const all = yield* eventually(
          messagesOf(client, webhook.id),
          (messages) => messages.map(({ state }) => state).join() === "dead,handled,handled"
        )
        assert.notProperty(handlingOf(all[0], "inbox"), "blocking")
        assert.isDefined(all[0])
        yield* assertRefused(client.webhooks.cancelMessage({ params: { id: all[0].id } }), "Conflict")
      }
      calls.behaviour.clear()
    })
  )

  it.effect("that is asked for later begins with what waits already", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const calls = yield* Calls
      const done: Array<number> = []
      let broken = true
      calls.behaviour.set("inbox", (call) =>
        broken && bodyOf(call).n < 2 ? refuse("broken") : Effect.sync(() => void done.push(bodyOf(call).n))
      )
      const { post, webhook } = yield* inbox(client, [to("inbox")], {
        retry: { type: "list", delaysSeconds: [3600] }
      })
      for (const n of [0, 1]) yield* post({ key: "a", n })
      yield* allStand(client, webhook.id, "failed", 2)
      yield* client.webhooks.updateInboundWebhook({ params: { id: webhook.id }, payload: { ordering: {} } })
      for (const n of [2, 3]) yield* post({ key: "a", n })
      broken = false
      yield* fastForward(webhook.id)
      yield* allStand(client, webhook.id, "handled", 4)
      assert.deepStrictEqual(done, [0, 1, 2, 3])
      calls.behaviour.clear()
    })
  )

  it.effect("is each route's own: one that fails holds up no other", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const calls = yield* Calls
      calls.behaviour.set("other", () => refuse("always"))
      const { post, webhook } = yield* inbox(client, [to("inbox"), to("other")], { ordering: {} })
      yield* post({ key: "a", n: 0 })
      yield* post({ key: "a", n: 1 })
      const messages = yield* eventually(messagesOf(client, webhook.id), (all) =>
        all.every((message) => handlingOf(message, "inbox")?.state === "handled")
      )
      assert.deepStrictEqual(
        messages.map((message) => handlingOf(message, "other")?.attempts),
        [1, 0]
      )
      yield* fastForward(webhook.id)
      calls.behaviour.clear()
    })
  )

  it.effect("gives every key and every route its turn, however much there is of one", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const calls = yield* Calls
      const go = yield* Latch.make()
      const begun: Array<string> = []
      for (const name of ["inbox", "other"]) {
        calls.behaviour.set(name, (call) => {
          begun.push(`${name} ${bodyOf(call).key}`)
          return go.await
        })
      }
      const { post, webhook } = yield* inbox(client, [to("inbox"), to("other")], {
        ordering: { key: "key" },
        concurrency: 1
      })
      for (const n of [1, 2, 3, 4, 5, 6, 7, 8]) yield* post({ key: "a", n })
      yield* post({ key: "b", n: 1 })
      yield* go.open
      yield* allStand(client, webhook.id, "handled", 9)
      const first = (name: string) => begun.indexOf(name)
      assert.isBelow(first("inbox b"), 6)
      assert.isBelow(first("other b"), 6)
      calls.behaviour.clear()
    })
  )

  it.effect("does not wait for ever behind a message whose route is gone", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const calls = yield* Calls
      const go = yield* Latch.make()
      calls.behaviour.set("inbox", () => go.await)
      const settings = { ordering: {}, concurrency: 1 }
      const { post, webhook } = yield* inbox(client, [to("inbox")], settings)
      for (const n of [1, 2, 3]) yield* post({ key: "a", n })
      yield* eventually(
        Effect.sync(() => calls.all.filter(({ webhookId }) => webhookId === webhook.id).length),
        (made) => made === 1
      )
      yield* client.webhooks.updateInboundWebhook({
        params: { id: webhook.id },
        payload: { routes: [to("inbox", { name: "renamed" })] }
      })
      yield* go.open
      const messages = yield* eventually(messagesOf(client, webhook.id), (all) =>
        all.every(({ state }) => state === "handled" || state === "dead")
      )
      assert.deepStrictEqual(
        messages.map(({ state }) => state),
        ["handled", "dead", "dead"]
      )
      calls.behaviour.clear()
    })
  )
})
