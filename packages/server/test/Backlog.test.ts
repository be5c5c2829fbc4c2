import type { Batching } from "@do-integrations/domain/Webhook/Outbound"
import { newDeliveryId } from "../src/Ids.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { type Backlog, OrderedBacklog, PlainBacklog } from "../src/DeliveryEngine/Backlog.ts"
import type { ClaimedDelivery } from "../src/DeliveryEngine/Claims.ts"
import type { Unit } from "../src/DeliveryEngine/Deliver.ts"

const ids = Effect.replicateEffect(newDeliveryId, 201)

/** Deliveries by their sequence, each with an id of its own. */
const deliveries = Effect.map(
  ids,
  (ids) =>
    (sequence: number, changes: Partial<ClaimedDelivery> = {}): ClaimedDelivery => {
      const id = ids[sequence]
      assert.isDefined(id)
      return {
        id,
        eventId: `evt_${sequence}`,
        sequence: BigInt(sequence),
        orderingKey: null,
        attempts: 0,
        earlierAttempts: 0,
        roundAt: new Date(0),
        dueAt: new Date(0),
        eventType: "invoice.paid",
        eventAt: new Date(0),
        data: "{}",
        ...changes
      }
    }
)

const sequencesOf = (unit: Unit | undefined) => unit?.map(({ sequence }) => Number(sequence))

describe("batches", () => {
  const batching: Batching = { maxEvents: 3, maxWaitMs: 1000 }
  for (const make of [(b: Batching) => new PlainBacklog(b), (b: Batching) => new OrderedBacklog(b)]) {
    const kind = make(batching).constructor.name
    const added = (all: ReadonlyArray<ClaimedDelivery>, now = 2000) => {
      const backlog = make(batching)
      backlog.beginClaim()
      backlog.add(all, now)
      return backlog
    }
    /** Everything, request by request. */
    const drained = (backlog: Backlog, now: number) => {
      const units: Array<ReadonlyArray<number> | undefined> = []
      for (let unit = backlog.take(now); unit !== undefined; unit = backlog.take(now)) {
        units.push(sequencesOf(unit))
        backlog.end(unit, true)
      }
      return units
    }

    it.effect(`${kind} cuts them by number, and lets the rest wait for more`, () =>
      Effect.gen(function* () {
        const one = yield* deliveries
        const backlog = added([1, 2, 3, 4, 5].map((sequence) => one(sequence)))
        assert.deepStrictEqual(drained(backlog, 300), [[1, 2, 3]])
        assert.strictEqual(backlog.wait(300), 700)
        assert.strictEqual(backlog.size, 2)
        assert.deepStrictEqual(drained(backlog, 999), [])
        assert.deepStrictEqual(drained(backlog, 1000), [[4, 5]])
        assert.strictEqual(backlog.wait(1000), Infinity)
      })
    )

    it.effect(`${kind} cuts them by bytes, one event at least`, () =>
      Effect.gen(function* () {
        const one = yield* deliveries
        const data = "x".repeat(600 * 1024)
        const huge = "x".repeat(2 * 1024 * 1024)
        const backlog = added([one(1, { data }), one(2, { data }), one(3, { data: huge }), one(4)])
        assert.deepStrictEqual(drained(backlog, 1000), [[1], [2], [3], [4]])
        const small = "x".repeat(300 * 1024)
        assert.deepStrictEqual(drained(added([1, 2, 3].map((n) => one(n, { data: small }))), 0), [[1, 2, 3]])
      })
    )

    it.effect(`${kind} fills one that waits with what comes meanwhile`, () =>
      Effect.gen(function* () {
        const one = yield* deliveries
        const backlog = added([one(1)])
        assert.isUndefined(backlog.take(10))
        backlog.beginClaim()
        assert.strictEqual(backlog.add([one(1), one(2), one(3), one(4)], 20), 3)
        assert.strictEqual(backlog.size, 4)
        assert.deepStrictEqual(drained(backlog, 20), [[1, 2, 3]])
        assert.strictEqual(backlog.size, 1)
      })
    )

    it.effect(`${kind} keeps first attempts and retries apart, and lets no retry wait for more`, () =>
      Effect.gen(function* () {
        const one = yield* deliveries
        const backlog = added([one(1, { attempts: 1 }), one(2, { attempts: 2 }), one(3), one(4)])
        assert.deepStrictEqual(drained(backlog, 0), [[1, 2]])
        assert.strictEqual(backlog.wait(0), 1000)
        assert.deepStrictEqual(drained(backlog, 1000), [[3, 4]])
      })
    )
  }
})

it.effect("a plain backlog makes the same batch of the same events, however they were found", () =>
  Effect.gen(function* () {
    const one = yield* deliveries
    const backlog = new PlainBacklog({ maxEvents: 3, maxWaitMs: 0 })
    backlog.add([one(3), one(1), one(2)])
    assert.deepStrictEqual(sequencesOf(backlog.take(0)), [1, 2, 3])
  })
)

describe("an ordered backlog", () => {
  const keyed = (orderingKey: string, changes: Partial<ClaimedDelivery> = {}) => ({ orderingKey, ...changes })

  it.effect("has one request of a key under way, and gives each key its turn", () =>
    Effect.gen(function* () {
      const one = yield* deliveries
      const backlog = new OrderedBacklog(undefined)
      backlog.add([one(1, keyed("a")), one(2, keyed("a")), one(3, keyed("a")), one(4, keyed("b"))], 0)
      const first = backlog.take(0)
      const other = backlog.take(0)
      assert.deepStrictEqual([sequencesOf(first), sequencesOf(other)], [[1], [4]])
      assert.isUndefined(backlog.take(0))
      assert.isDefined(first)
      backlog.end(first, true)
      assert.deepStrictEqual(sequencesOf(backlog.take(0)), [2])
    })
  )

  it.effect("lets nothing by a head that has to be tried again", () =>
    Effect.gen(function* () {
      const one = yield* deliveries
      const backlog = new OrderedBacklog(undefined)
      backlog.add([one(1, keyed("a")), one(2, keyed("a"))], 0)
      const head = backlog.take(0)
      assert.isDefined(head)
      backlog.end(head, false)
      assert.isUndefined(backlog.take(0))
      assert.strictEqual(backlog.size, 0)
      // Not due yet: neither is what follows it.
      backlog.beginClaim()
      const later = one(1, keyed("a", { attempts: 1, dueAt: new Date(5000) }))
      assert.strictEqual(backlog.add([later, one(2, keyed("a"))], 100), 0)
      backlog.beginClaim()
      assert.strictEqual(backlog.add([later, one(2, keyed("a"))], 5000), 2)
      assert.deepStrictEqual(sequencesOf(backlog.take(5000)), [1])
    })
  )

  it.effect("takes keys apart that are alike in nothing but their beginning, or no names at all", () =>
    Effect.gen(function* () {
      const one = yield* deliveries
      const backlog = new OrderedBacklog(undefined)
      const names = ["", "0", "1", "a", "a:", "__proto__", "constructor"]
      backlog.add(
        names.map((name, index) => one(index, keyed(name))),
        0
      )
      const taken = names.map(() => backlog.take(0))
      assert.sameMembers(
        taken.flatMap((unit) => sequencesOf(unit) ?? []),
        [0, 1, 2, 3, 4, 5, 6]
      )
    })
  )
})

const Below = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

/** What happens to an owner, in any order. */
const Step = Schema.Union([
  Schema.Struct({ does: Schema.Literal("publish"), key: Below(3) }),
  Schema.Struct({ does: Schema.Literal("read"), limit: Below(12) }),
  Schema.Struct({ does: Schema.Literal("answer") }),
  Schema.Struct({ does: Schema.Literal("take") }),
  Schema.Struct({
    does: Schema.Literal("settle"),
    which: Below(5),
    failed: Schema.Boolean,
    wait: Below(300)
  }),
  Schema.Struct({ does: Schema.Literal("pass"), millis: Below(300) }),
  Schema.Struct({ does: Schema.Literal("clear") })
])
const Steps = Schema.Array(Step).check(Schema.isMinLength(60), Schema.isMaxLength(200))
const Batches = Schema.UndefinedOr(
  Schema.Struct({ maxEvents: Schema.Literals([2, 3]), maxWaitMs: Schema.Literals([0, 100]) })
)

/** A plain table of what is not delivered, and an owner that works with the backlog over it. */
const play = (
  backlog: Backlog,
  ordered: boolean,
  batching: Batching | undefined,
  make: (sequence: number, changes: Partial<ClaimedDelivery>) => ClaimedDelivery,
  steps: ReadonlyArray<typeof Step.Type>
) => {
  const table = new Map<number, ClaimedDelivery>()
  const underWay: Array<Unit> = []
  const delivered: Array<ClaimedDelivery> = []
  let pending: ReadonlyArray<ClaimedDelivery> | undefined
  let sequence = 0
  let now = 0

  const rows = () => [...table.values()]
  const read = (limit: number): ReadonlyArray<ClaimedDelivery> => {
    const until = now + (batching?.maxWaitMs ?? 0)
    const due = ({ attempts, dueAt }: ClaimedDelivery) => dueAt.getTime() <= (attempts === 0 ? until : now)
    if (!ordered) {
      return rows()
        .filter(due)
        .toSorted((a, b) => a.dueAt.getTime() - b.dueAt.getTime() || Number(a.sequence - b.sequence))
        .slice(0, limit)
    }
    // As many of each key, in order, behind a head that is due.
    return ["a", "b", "c", "d"].flatMap((key) => {
      const queue = rows().filter(({ orderingKey }) => orderingKey === key)
      return Number(queue[0]?.dueAt) <= until ? queue.slice(0, limit) : []
    })
  }

  const step = (step: typeof Step.Type) => {
    switch (step.does) {
      case "publish": {
        sequence += 1
        const orderingKey = ["a", "b", "c", "d"][step.key] ?? "a"
        return void table.set(sequence, make(sequence, { orderingKey, dueAt: new Date(now) }))
      }
      case "read": {
        if (pending !== undefined) return
        backlog.beginClaim()
        return void (pending = read(step.limit))
      }
      case "answer": {
        if (pending !== undefined) backlog.add(pending, now)
        return void (pending = undefined)
      }
      case "take": {
        const unit = backlog.take(now)
        if (unit === undefined) return
        for (const one of unit) {
          const row = table.get(Number(one.sequence))
          assert.isDefined(row, "what was delivered is taken again")
          assert.strictEqual(one.attempts, row.attempts, "what an old answer said is taken up")
          assert.isFalse(
            underWay.flat().some(({ id }) => id === one.id),
            "something is taken twice"
          )
          assert.isAtMost(row.attempts === 0 ? 0 : row.dueAt.getTime(), now, "a retry is made too early")
          assert.strictEqual(one.attempts > 0, unit[0].attempts > 0, "a batch mixes retries and others")
        }
        assert.isAtMost(unit.length, batching?.maxEvents ?? 1)
        if (ordered) {
          const [{ orderingKey: key }] = unit
          const queue = rows().filter(({ orderingKey }) => orderingKey === key)
          assert.isFalse(
            underWay.some(([{ orderingKey }]) => orderingKey === key),
            "two of a key"
          )
          assert.deepStrictEqual(
            unit.map(({ id }) => id),
            queue.slice(0, unit.length).map(({ id }) => id),
            "a key is out of order"
          )
        }
        return void underWay.push(unit)
      }
      case "settle": {
        const [unit] = underWay.splice(step.which % Math.max(1, underWay.length), 1)
        if (unit === undefined) return
        for (const one of unit) {
          const attempts = one.attempts + 1
          const dueAt = new Date(now + 1 + step.wait)
          if (step.failed) table.set(Number(one.sequence), { ...one, attempts, dueAt })
          else {
            table.delete(Number(one.sequence))
            delivered.push(one)
          }
        }
        return backlog.end(unit, !step.failed)
      }
      case "pass":
        return void (now += step.millis)
      case "clear":
        return backlog.clear()
    }
  }

  for (const one of steps) step(one)
  // From here on everything succeeds, and nothing may be left.
  for (let round = 0; table.size > 0 && round < 1000; round++) {
    for (const does of ["read", "answer", "take", "settle", "pass"] as const) {
      step(
        does === "read"
          ? { does, limit: 12 }
          : does === "settle"
            ? { does, which: 0, failed: false, wait: 0 }
            : does === "pass"
              ? { does, millis: 50 }
              : { does }
      )
    }
  }
  assert.strictEqual(table.size, 0, "something is lost")
  assert.strictEqual(new Set(delivered.map(({ id }) => id)).size, sequence)
  assert.strictEqual(backlog.size, 0)
  return { delivered, sequence }
}

it.effect.prop(
  "a plain backlog loses nothing, takes nothing twice and nothing that was settled since it was read",
  [Steps, Batches],
  ([steps, batching]) =>
    Effect.map(deliveries, (make) => {
      const { delivered, sequence } = play(new PlainBacklog(batching), false, batching, make, steps)
      assert.strictEqual(delivered.length, sequence)
    }),
  { arbitrary: { runs: 1000, size: 100 } }
)

it.effect.prop(
  "an ordered backlog does neither, with one request of a key at a time and each key in order",
  [Steps, Batches],
  ([steps, batching]) =>
    Effect.map(deliveries, (make) => {
      const { delivered, sequence } = play(new OrderedBacklog(batching), true, batching, make, steps)
      assert.strictEqual(delivered.length, sequence)
      for (const key of ["a", "b", "c", "d"]) {
        const order = delivered.filter((one) => one.orderingKey === key).map((one) => Number(one.sequence))
        assert.deepStrictEqual(
          order,
          order.toSorted((a, b) => a - b)
        )
      }
    }),
  { arbitrary: { runs: 1000, size: 100 } }
)
