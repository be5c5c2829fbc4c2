import { assert, it } from "@effect/vitest"
import { Duration, Effect, Exit, Schedule } from "effect"
import { sweepSchedule as auditSweep } from "../src/AuditLog/Sealer.ts"
import { listenAgain } from "../src/EventLog/Ticker.ts"
import { sweepSchedule as deliverySweep } from "../src/OutboundWebhooks/Owner.ts"
import { tidySchedule } from "../src/Retention.ts"
import { waitForTurn } from "../src/SoleWorker.ts"
import { lostRaces } from "../src/UnitOfWork.ts"

const delays = Effect.fnUntraced(function* (schedule: Schedule.Schedule<unknown>, count: number) {
  const step = yield* Schedule.toStep(schedule)
  const next = Effect.suspend(() => step(0, undefined))
  return (yield* Effect.replicateEffect(next, count)).map(([, delay]) => Duration.toMillis(delay))
})

it.effect("sweeps at a steady pace", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* delays(auditSweep, 3), [5000, 5000, 5000])
    assert.deepStrictEqual(yield* delays(deliverySweep, 3), [1000, 1000, 1000])
    assert.deepStrictEqual(yield* delays(waitForTurn, 2), [1000, 1000])
    assert.deepStrictEqual(yield* delays(tidySchedule, 2), [3_600_000, 3_600_000])
  })
)

it.effect("listens again soon, then every five seconds", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* delays(listenAgain, 8), [100, 200, 400, 800, 1600, 3200, 5000, 5000])
  })
)

it.effect("runs a transaction that lost a race again at once, and four times at most", () =>
  Effect.gen(function* () {
    const bounds = [10, 20, 40, 80]
    for (const [index, delay] of (yield* delays(lostRaces, 4)).entries()) {
      assert.approximately(delay, bounds[index] ?? 0, (bounds[index] ?? 0) * 0.2)
    }
    assert.isTrue(Exit.isFailure(yield* Effect.exit(delays(lostRaces, 5))))
  })
)
