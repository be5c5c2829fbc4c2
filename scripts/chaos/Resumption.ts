import type { Arrival } from "../../bench/RecorderProtocol.ts"
import { type Account, type Kill, type Way, wayOf } from "./Account.ts"
import { endpoints, longestDelay } from "./Endpoints.ts"

/** How what was pending at a kill goes on after the service is ready again. */
export interface Resumption {
  readonly pending: number
  /** Those of them that have not been tried again so far. */
  readonly idle: ReadonlyArray<Way>
  /** Milliseconds until the last one was tried, counted from readiness or from when it was due, if that is later. */
  readonly worst: number
  /** The endpoint that the last one went to. */
  readonly last: string | undefined
}

/** The time from which a delivery waits for nothing but its endpoint's turn. */
type FreeFrom = (way: Way, first: Arrival) => number

/**
 * A delivery of an order waits for those of its key that come before it: until they are due, and where one fails once
 * more, until that one is due again.
 */
const freeFrom = (account: Account, { since, waiting }: Kill, epoch: number): FreeFrom => {
  const ordered = [...waiting].toSorted(([, a], [, b]) => a.sequence - b.sequence)
  const due = new Map<Way | string, number>()
  for (const [way, { dueAt, orderingKey }] of ordered) {
    if (dueAt === undefined) continue
    const own = Date.parse(dueAt) - epoch
    const from = orderingKey === undefined ? own : Math.max(own, due.get(orderingKey) ?? 0)
    due.set(way, from)
    if (orderingKey !== undefined) due.set(orderingKey, from)
  }
  const keyOf = (way: Way) => waiting.get(way)?.orderingKey
  const refusals = account.arrivals
    .slice(since)
    .flatMap(({ accepted, at, endpoint, events }) =>
      accepted ? [] : events.map(({ id }) => ({ at, key: keyOf(wayOf(endpoint, id)) }))
    )
  return (way, { at }) => {
    const key = keyOf(way)
    const refusal = key === undefined ? undefined : refusals.findLast((one) => one.key === key && one.at < at)
    return Math.max(due.get(way) ?? 0, (refusal?.at ?? -Infinity) + longestDelay)
  }
}

/**
 * What came of what was pending at a kill.
 *
 * @param epoch what to add to a time of the monotonic clock to have one of the epoch
 */
export const resumptionAfter = (account: Account, kill: Kill, epoch: number): Resumption => {
  const { launchedAt, readyAt = Infinity, waiting } = kill
  const free = freeFrom(account, kill, epoch)
  const idle: Array<Way> = []
  let pending = 0
  let worst = 0
  let last: number | undefined
  for (const [way, { dueAt }] of waiting) {
    if (dueAt === undefined) continue
    pending += 1
    const first = account.byWay.get(way)?.find(({ at }) => at >= launchedAt)
    if (first === undefined) {
      idle.push(way)
      continue
    }
    const took = first.at - Math.max(readyAt, free(way, first))
    if (took <= worst) continue
    worst = took
    last = first.endpoint
  }
  return { pending, idle, worst, last: endpoints[last ?? -1]?.name }
}
