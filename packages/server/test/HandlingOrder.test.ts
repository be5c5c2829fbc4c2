import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
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
})
