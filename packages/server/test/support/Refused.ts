import { assert } from "@effect/vitest"
import { Effect } from "effect"

/** Asserts that a call fails with the problem of this name, and that it says at least this. */
export const assertRefused = <A, E extends { readonly _tag: string }, R>(
  call: Effect.Effect<A, E, R>,
  problem: E["_tag"],
  said: Readonly<Record<string, unknown>> = {}
): Effect.Effect<void, A, R> =>
  Effect.map(Effect.flip(call), (error) => {
    assert.strictEqual(error._tag, problem)
    assert.deepInclude<object>(error, said)
  })
