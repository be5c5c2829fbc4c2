import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { chaos, expectedDatabase } from "./support/Chaos.ts"

const rounds = 5

it.live(
  `loses nothing that was answered, and repeats only what was in flight, in ${rounds} rounds of kill -9`,
  () =>
    Effect.gen(function* () {
      const { code, output, result } = yield* chaos("--rounds", String(rounds))
      assert.strictEqual(code, 0, output)
      const { accepted, delivered = 0, ...rest } = yield* Effect.fromOption(result)
      assert.deepInclude(rest, { database: expectedDatabase(), rounds, lost: 0, faults: 0 })
      assert.isAbove(accepted, rounds)
      // Each event goes to four endpoints at least.
      assert.isAbove(delivered, 3 * accepted)
    }),
  180_000
)
