import { newDeliveryId, newOutboundWebhookId } from "../src/Ids.ts"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { OrderedBacklog, PlainBacklog, type Shape } from "../src/DeliveryEngine/Backlog.ts"
import { Claimer } from "../src/DeliveryEngine/Claimer.ts"
import { type ClaimedDelivery, Claims } from "../src/DeliveryEngine/Claims.ts"

/** Claims over a list of deliveries, in the order of their sequence, that count how often they are asked. */
const claimsOver = (table: ReadonlyArray<ClaimedDelivery>, pageOfKeys = 500) => {
  let asked = 0
  const claims = Claims.of({
    claim: ({ after, limit }) =>
      Effect.sync(() => {
        asked += 1
        const rest = table.filter(({ sequence }) => sequence > (after?.sequence ?? -1n))
        return { revision: "0", deliveries: rest.slice(0, limit) }
      }),
    // No head is due.
    claimOrdered: ({ afterKey = "" }) =>
      Effect.sync(() => {
        asked += 1
        const keys = table.map(({ orderingKey }) => orderingKey ?? "").filter((key) => key > afterKey)
        const lastKey = keys.length > pageOfKeys ? keys[pageOfKeys - 1] : undefined
        return { revision: "0", deliveries: [], lastKey }
      }),
    adopt: () => Effect.succeed(false)
  })
  return { claims, asked: () => asked }
}

const make = Effect.fnUntraced(function* (count: number, data: string) {
  const ids = yield* Effect.replicateEffect(newDeliveryId, count)
  return ids.map((id, index): ClaimedDelivery => ({
    id,
    eventId: `evt_${index}`,
    sequence: BigInt(index),
    orderingKey: String(index).padStart(5, "0"),
    attempts: 0,
    earlierAttempts: 0,
    roundAt: new Date(0),
    dueAt: new Date(0),
    eventType: "invoice.paid",
    eventAt: new Date(0),
    data
  }))
})

const plain: Shape = {}
const ordered: Shape = { ordering: { whenExhausted: "block" } }

/** Claims until nothing more is wanted, at most so often. */
const exhaust = Effect.fnUntraced(function* (
  claimer: Claimer,
  endpoint: Shape,
  backlog: PlainBacklog | OrderedBacklog
) {
  for (let count = 0; count < 50 && claimer.wants(backlog); count++) yield* claimer.claim(endpoint, backlog)
})

it.effect("rests while large deliveries are under way, and looks again when it is told to", () =>
  Effect.gen(function* () {
    const id = yield* newOutboundWebhookId
    const { asked, claims } = claimsOver(yield* make(3, "x".repeat(40_000)))
    const backlog = new PlainBacklog(undefined)
    const claimer = new Claimer(claims, id)
    yield* exhaust(claimer, plain, backlog)
    for (let unit = backlog.take(0); unit !== undefined; unit = backlog.take(0)) assert.lengthOf(unit, 1)
    assert.isTrue(claimer.sawAll)
    yield* exhaust(claimer, plain, backlog)
    assert.isAtMost(asked(), 3)
    const before = asked()
    claimer.more()
    yield* exhaust(claimer, plain, backlog)
    assert.isAbove(asked(), before)
    assert.isAtMost(asked(), before + 3)
    assert.strictEqual(backlog.size, 0)
  })
)

it.effect("rests when it has been through all keys and none may go, however many there are", () =>
  Effect.gen(function* () {
    const id = yield* newOutboundWebhookId
    const { asked, claims } = claimsOver(yield* make(1200, "{}"))
    const claimer = new Claimer(claims, id)
    yield* exhaust(claimer, ordered, new OrderedBacklog(undefined))
    assert.strictEqual(asked(), 3)
    assert.isTrue(claimer.sawAll)
  })
)

it.effect("begins another pass when it was told of more in the middle of one", () =>
  Effect.gen(function* () {
    const id = yield* newOutboundWebhookId
    const { asked, claims } = claimsOver(yield* make(40, "{}"))
    const backlog = new PlainBacklog(undefined)
    const claimer = new Claimer(claims, id)
    yield* claimer.claim(plain, backlog)
    assert.isFalse(claimer.sawAll)
    claimer.more()
    for (let unit = backlog.take(0); unit !== undefined; unit = backlog.take(0)) assert.lengthOf(unit, 1)
    yield* exhaust(claimer, plain, backlog)
    assert.isTrue(claimer.sawAll)
    assert.isAtLeast(asked(), 3)
  })
)
