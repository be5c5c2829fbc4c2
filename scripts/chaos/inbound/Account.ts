import { type Way, wayOf } from "../Account.ts"
import type { Waiting } from "./Tables.ts"

/** A message that was forwarded, as the receiver got it. */
export interface Arrival {
  /** The number of the inbound webhook that took it. */
  readonly webhook: number
  /** The `webhook-id`: the id of the message. */
  readonly webhookId: string
  readonly nonce: string
  /** Milliseconds of the monotonic clock. */
  readonly at: number
  /** Answered with 204, if the sender waited for it. */
  readonly accepted: boolean
}

/** A kill and what came after it. Times are milliseconds of the monotonic clock. */
export interface Kill {
  /** The forwards that the tables held then, by the webhook and the message. */
  readonly waiting: ReadonlyMap<Way, Waiting>
  /** When the service was started again. */
  readonly launchedAt: number
  /** When it was ready; undefined: it was killed before. */
  readyAt: number | undefined
}

/** What the receiver has seen, what the kills left, and what did not hold. */
export class Account {
  readonly kills: Array<Kill> = []
  readonly faults: Array<string> = []
  readonly byWay = new Map<Way, Array<Arrival>>()
  /** Ways whose message the receiver has taken. */
  readonly taken = new Set<Way>()

  add(arrival: Arrival): void {
    const way = wayOf(arrival.webhook, arrival.webhookId)
    const before = this.byWay.get(way)
    if (before === undefined) this.byWay.set(way, [arrival])
    else before.push(arrival)
    if (arrival.accepted) this.taken.add(way)
  }

  fault(what: string): void {
    this.faults.push(what)
  }
}
