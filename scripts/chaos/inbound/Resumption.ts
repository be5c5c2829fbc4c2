import { type Way } from "../Account.ts"
import type { Account, Kill } from "./Account.ts"
import { webhooks } from "./Webhooks.ts"

/** How forwards that were pending at a kill go on after the service is ready again. */
export interface Resumption {
  readonly pending: number
  /** Those of them that have not been tried again so far. */
  readonly idle: ReadonlyArray<Way>
  /** Milliseconds from readiness to the first that was tried; undefined: none was. */
  readonly first: number | undefined
  /**
   * Milliseconds until the last was tried that waits for no other, counted from readiness or from when it was due,
   * if that is later.
   */
  readonly worst: number
}

/**
 * What came of what was pending at a kill.
 *
 * @param epoch what to add to a time of the monotonic clock to have one of the epoch
 */
export const resumptionAfter = (
  { byWay }: Account,
  { launchedAt, readyAt = Infinity, waiting }: Kill,
  epoch: number
): Resumption => {
  const idle: Array<Way> = []
  let pending = 0
  let first: number | undefined
  let worst = 0
  for (const [way, { dueAt }] of waiting) {
    if (dueAt === undefined) continue
    pending += 1
    const again = byWay.get(way)?.find(({ at }) => at >= launchedAt)
    if (again === undefined) {
      idle.push(way)
      continue
    }
    const from = Math.max(readyAt, Date.parse(dueAt) - epoch)
    first = Math.min(first ?? Infinity, Math.max(0, again.at - readyAt))
    if (webhooks[again.webhook]?.ordered === false) worst = Math.max(worst, again.at - from)
  }
  return { pending, idle, first, worst }
}
