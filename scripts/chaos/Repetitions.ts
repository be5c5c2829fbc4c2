/** A request as it came to a receiver. */
interface Request {
  /** Milliseconds of the monotonic clock. */
  readonly at: number
  /** Answered with success. */
  readonly accepted: boolean
  readonly webhookId: string
}

/** What was seen: the kills in their order, and each way's requests in theirs. */
interface Seen {
  readonly kills: ReadonlyArray<{
    readonly launchedAt: number
    readonly waiting: ReadonlyMap<string, unknown>
  }>
  readonly byWay: ReadonlyMap<string, ReadonlyArray<Request>>
  fault(what: string): void
}

/** What was delivered again although the receiver had taken it. */
export interface Repetitions {
  /** After each kill. */
  readonly perKill: ReadonlyArray<number>
  /** Events of batches that came again in a batch with another id. */
  readonly regrouped: number
}

/**
 * Only what was in flight at a kill may come again: the receiver had taken it, and the tables did not know yet.
 * Anything else is a fault.
 */
export const repetitionsIn = (account: Seen): Repetitions => {
  const perKill = account.kills.map(() => 0)
  let regrouped = 0
  for (const [way, arrivals] of account.byWay) {
    for (const [index, again] of arrivals.entries()) {
      const taken = arrivals.slice(0, index).findLast(({ accepted }) => accepted)
      if (taken === undefined) continue
      const number = account.kills.findLastIndex(({ launchedAt }) => launchedAt <= again.at)
      const kill = account.kills[number]
      if (kill === undefined || taken.at >= kill.launchedAt) {
        account.fault(`${way} came twice without a kill in between`)
      } else if (!kill.waiting.has(way)) {
        account.fault(`${way} came again after kill ${number + 1}, although it was settled`)
      } else {
        perKill[number] = (perKill[number] ?? 0) + 1
      }
      if (taken.webhookId !== again.webhookId) regrouped += 1
    }
  }
  return { perKill, regrouped }
}
