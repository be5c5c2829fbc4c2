import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeMatchers } from "../src/DeliveryEngine/Matchers.ts"
import { newOutboundWebhookId } from "../src/Ids.ts"

const filter = (amount: number) => JSON.stringify({ amount })

describe("matchers", () => {
  it.effect("are read once for each filter, and kept while they are among the last ones met", () =>
    Effect.gen(function* () {
      const matcherFor = makeMatchers(2)
      const [a, b, c] = yield* Effect.all([newOutboundWebhookId, newOutboundWebhookId, newOutboundWebhookId])
      const one = yield* matcherFor(a, filter(1))
      const two = yield* matcherFor(b, filter(2))
      assert.isTrue(one({ amount: 1 }))
      assert.isFalse(two({ amount: 1 }))
      assert.strictEqual(yield* matcherFor(a, filter(1)), one)
      yield* matcherFor(c, filter(3))
      assert.strictEqual(yield* matcherFor(a, filter(1)), one)
      const again = yield* matcherFor(b, filter(2))
      assert.notStrictEqual(again, two)
      assert.isTrue(again({ amount: 2 }))
      const changed = yield* matcherFor(b, filter(4))
      assert.isFalse(changed({ amount: 2 }))
      assert.isTrue(changed({ amount: 4 }))
    })
  )
})
