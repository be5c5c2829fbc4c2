import { assert, it } from "@effect/vitest"
import { Duration, Effect, Exit, Schedule } from "effect"
import { sweepSchedule as auditSweep } from "../src/AuditLog/Sealer.ts"
import { listenAgain } from "../src/EventLog/Ticker.ts"
import { writeSchedule } from "../src/InboundWebhooks/Rejections.ts"
import { lostChanges } from "../src/OutboundWebhooks/Changes.ts"
import { sweepSchedule as deliverySweep } from "../src/OwnedWork.ts"
import { lookSchedule } from "../src/DeliveryEngine/Run.ts"
import { watchSchedule } from "../src/OutboundWebhooks/Trigger.ts"
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
    assert.deepStrictEqual(yield* delays(lookSchedule, 2), [250, 250])
    assert.deepStrictEqual(yield* delays(writeSchedule, 2), [1000, 1000])
    assert.deepStrictEqual(yield* delays(waitForTurn, 2), [1000, 1000])
    assert.deepStrictEqual(yield* delays(tidySchedule, 2), [3_600_000, 3_600_000])
  })
)

it.effect("listens again soon, then every five seconds", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* delays(listenAgain, 8), [100, 200, 400, 800, 1600, 3200, 5000, 5000])
  })
)

it.effect("watches a delivery closely at first, then four times a second", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(
      (yield* delays(watchSchedule, 9)).map((delay) => Math.round(delay)),
      [20, 30, 45, 68, 101, 152, 228, 250, 250]
    )
  })
)

const assertDoubles = Effect.fnUntraced(function* (
  schedule: Schedule.Schedule<unknown>,
  first: number,
  times: number
) {
  for (const [index, delay] of (yield* delays(schedule, times)).entries()) {
    const expected = first * 2 ** index
    assert.approximately(delay, expected, expected * 0.2)
  }
  assert.isTrue(Exit.isFailure(yield* Effect.exit(delays(schedule, times + 1))))
})

it.effect("runs a transaction that lost a race again at once, and four times at most", () =>
  assertDoubles(lostRaces, 10, 4)
)

it.effect("works out a change that another one came before anew, six times at most", () =>
  assertDoubles(lostChanges, 5, 6)
)
