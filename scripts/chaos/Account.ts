import type { Arrival } from "../../bench/RecorderProtocol.ts"
import type { Waiting } from "./Tables.ts"

/** One event's way to one endpoint, by the endpoint's number. */
export type Way = `${number} ${string}`

export const wayOf = (endpoint: number, eventId: string): Way => `${endpoint} ${eventId}`

/** A kill and what came after it. Times are milliseconds of the monotonic clock. */
export interface Kill {
  /** What the tables held then that had not succeeded. */
  readonly waiting: ReadonlyMap<Way, Waiting>
  /** How many arrivals there were before. */
  readonly since: number
  /** When the service was started again. */
  readonly launchedAt: number
  /** When it was ready; undefined: it was killed before. */
  readyAt: number | undefined
}

/** What the receivers have seen, what the kills left, and what did not hold. */
export class Account {
  readonly arrivals: Array<Arrival> = []
  readonly kills: Array<Kill> = []
  readonly faults: Array<string> = []
  /** Ways whose delivery the receiver has taken. */
  readonly taken = new Set<Way>()
  readonly byWay = new Map<Way, Array<Arrival>>()

  add(news: ReadonlyArray<Arrival>): void {
    for (const arrival of news) {
      this.arrivals.push(arrival)
      for (const { id } of arrival.events) {
        const way = wayOf(arrival.endpoint, id)
        const before = this.byWay.get(way)
        if (before === undefined) this.byWay.set(way, [arrival])
        else before.push(arrival)
        if (arrival.accepted) this.taken.add(way)
      }
    }
  }

  fault(what: string): void {
    this.faults.push(what)
  }
}
