import { Unprocessable } from "@do-integrations/domain/Problem"
import { Duration, Effect } from "effect"
import type { SecretPair } from "../DeliveryEngine/Secrets.ts"

/** How long an old secret signs beside the new one, unless said otherwise. */
export const defaultOverlapSeconds = Duration.toSeconds(Duration.hours(24))

/** Earlier secrets that may sign at a time: each makes the header of every request longer. */
const maxPrevious = 4

/** A pair that was replaced, with the time in milliseconds until which it signs. */
export type Previous = SecretPair & { readonly until: number }

/** Those of earlier pairs that sign at `now`, in milliseconds. */
export const stillSigning = (pairs: ReadonlyArray<SecretPair>, now: number): ReadonlyArray<Previous> =>
  pairs.flatMap((pair) =>
    pair.until !== undefined && pair.until > now ? [{ ...pair, until: pair.until }] : []
  )

/** The pairs that sign beside a new one that takes the first one's place, newest first. */
export const succeed = (
  [present, ...earlier]: readonly [SecretPair, ...ReadonlyArray<SecretPair>],
  overlapSeconds: number,
  now: number
): Effect.Effect<ReadonlyArray<Previous>, Unprocessable> => {
  const kept = stillSigning(earlier, now)
  const previous = overlapSeconds === 0 ? kept : [{ ...present, until: now + overlapSeconds * 1000 }, ...kept]
  if (previous.length <= maxPrevious) return Effect.succeed(previous)
  const detail = `${maxPrevious} earlier secrets still sign; the first of them has to end before`
  return Effect.fail(new Unprocessable({ detail }))
}
