import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Clock, Effect } from "effect"
import type { Backlog, Shape } from "./Backlog.ts"
import type { ClaimedDelivery, Claims } from "./Claims.ts"

/** Deliveries that one claim asks for: few at first, more while there is always more. */
const sizes = { least: 32, most: 256, ofKey: 16 }

/** Deliveries of an ordered endpoint that may wait for their keys' batches to fill. */
const mostWaiting = 512

/** Characters of data below which no claim is cut short for its size. */
const certainlyWhole = 32 * 1024

/** How often an owner at work looks for what has no place in its endpoint's order. */
const adoptMillis = 10_000

/** How often an owner at work looks from the beginning, because something may have been committed late. */
const rewindMillis = 1000

const sizeOf = (deliveries: ReadonlyArray<ClaimedDelivery>) =>
  deliveries.reduce((sum, { data }) => sum + data.length, 0)

/** Fills an owner's backlog: goes on where the last claim ended, until it has seen all there is. */
export class Claimer {
  readonly #claims: Claims["Service"]
  readonly #id: OutboundWebhookId
  #limit = sizes.least
  #after: ClaimedDelivery | undefined
  #afterKey: string | undefined
  #rewoundAt = 0
  #claimedAt = 0
  #adoptedAt = 0
  #sawAll = false
  /** There may be more than the pass under way finds, which goes from the beginning to the end. */
  #hinted = false
  /** The next claim is made however much is here. */
  #urgent = false
  /** Deliveries that wait for a batch to fill, and keep no others from being claimed. */
  #waiting = 0

  constructor(claims: Claims["Service"], id: OutboundWebhookId) {
    this.#claims = claims
    this.#id = id
  }

  /** Whether another claim may find something. */
  wants(backlog: Backlog): boolean {
    const room = backlog.size < Math.max(this.#limit / 2, this.#waiting)
    return !this.#sawAll && (this.#urgent || room)
  }

  /** Nothing is due that was not claimed. */
  get sawAll(): boolean {
    return this.#sawAll
  }

  /** There may be more than was seen. */
  more(): void {
    this.#hinted = true
    this.#sawAll = false
  }

  /** Once in a while an order is looked at whole: what is here of some keys keeps no other key from its turn. */
  lookAtOrder(now: number): void {
    if (now - this.#claimedAt < rewindMillis) return
    this.#urgent = true
    this.more()
  }

  /** Begins anew. */
  restart(): void {
    this.#after = undefined
    this.#afterKey = undefined
    this.more()
  }

  /** Claims what is due and puts it into the backlog. The endpoint's present revision; undefined: it is gone. */
  claim(endpoint: Shape, backlog: Backlog): Effect.Effect<string | undefined> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const { batching: { maxEvents } = { maxEvents: 0 }, ordering } = endpoint
      this.#waiting = ordering === undefined || maxEvents === 0 ? maxEvents : mostWaiting
      this.#urgent = false
      this.#claimedAt = now
      backlog.beginClaim()
      return endpoint.ordering === undefined
        ? this.#claimDue(endpoint, backlog, now)
        : this.#claimKeys(
            endpoint,
            backlog,
            now,
            endpoint.ordering.key === undefined ? sizes.most : sizes.ofKey
          )
    })
  }

  #claimDue({ batching }: Shape, backlog: Backlog, now: number) {
    if (now - this.#rewoundAt >= rewindMillis) {
      this.#after = undefined
      this.#rewoundAt = now
    }
    if (this.#after === undefined) this.#hinted = false
    const request = {
      id: this.#id,
      after: this.#after,
      dueUntil: new Date(now + (batching?.maxWaitMs ?? 0)),
      // A batch that failed is found whole.
      limit: Math.max(this.#limit, batching?.maxEvents ?? 0)
    }
    return Effect.map(this.#claims.claim(request), ({ deliveries, revision }) => {
      // What waits for a batch may be claimed before it is due, what waits for its next attempt may not.
      backlog.add(
        deliveries.filter((one) => one.attempts === 0 || one.dueAt.getTime() <= now),
        now
      )
      const end =
        deliveries.length === 0 || (deliveries.length < request.limit && sizeOf(deliveries) < certainlyWhole)
      this.#after = end ? undefined : deliveries.at(-1)
      if (!end) this.#limit = Math.min(sizes.most, this.#limit * 2)
      this.#sawAll = end && !this.#hinted
      return revision
    })
  }

  #claimKeys({ batching }: Shape, backlog: Backlog, now: number, perKey: number) {
    if (this.#afterKey === undefined) this.#hinted = false
    const dueUntil = now + (batching?.maxWaitMs ?? 0)
    const request = {
      id: this.#id,
      afterKey: this.#afterKey,
      dueUntil: new Date(dueUntil),
      perKey: Math.max(perKey, batching?.maxEvents ?? 0)
    }
    return Effect.flatMap(this.#claims.claimOrdered(request), ({ deliveries, lastKey, revision }) => {
      const added = backlog.add(deliveries, now)
      this.#afterKey = lastKey
      this.#sawAll = lastKey === undefined && !this.#hinted
      if (added === 0 && this.#sawAll && now - this.#adoptedAt >= adoptMillis)
        return Effect.as(this.#adopt(now), revision)
      return Effect.succeed(revision)
    })
  }

  #adopt(now: number) {
    this.#adoptedAt = now
    return Effect.map(this.#claims.adopt(this.#id, new Date(now)), (some) => {
      if (some) this.#sawAll = false
    })
  }
}
