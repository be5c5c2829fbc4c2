import type { Batching } from "@do-integrations/domain/Webhook/Outbound"
import { Array as Arr, Equal } from "effect"
import type { ClaimedDelivery } from "./Claims.ts"
import type { Unit } from "./Deliver.ts"
import type { Endpoint } from "./Endpoint.ts"

/**
 * What an owner has claimed and not settled yet. While a claim is under way its answer may already be out of
 * date: what was settled since it began is not taken up again.
 */
export interface Backlog {
  /** A claim begins. */
  beginClaim(): void
  /** Takes up what a claim found, without what is here already; the number of deliveries that are new. */
  add(deliveries: ReadonlyArray<ClaimedDelivery>, now: number): number
  /** The next request's deliveries, if there are any that may go now. */
  take(now: number): Unit | undefined
  /** Milliseconds until a batch that waits for more is sent as it is; infinity when none waits. */
  wait(now: number): number
  /** A request's deliveries are settled on disk; `passed` unless they have to be tried again. */
  end(unit: Unit, passed: boolean): void
  /** Forgets what was claimed and has not begun. */
  clear(): void
  /** Deliveries that have not begun. */
  readonly size: number
}

/** Bytes of event data in one batch, about. */
const maxBatchBytes = 1024 * 1024

/** The first deliveries of a queue that make one request, and in how many milliseconds they may go. */
const nextUnit = (
  queue: ReadonlyArray<ClaimedDelivery>,
  start: number,
  batching: Batching | undefined,
  now: number
): { readonly count: number; readonly wait: number } => {
  const first = queue[start]
  if (first === undefined) return { count: 0, wait: Infinity }
  if (batching === undefined) return { count: 1, wait: 0 }
  const again = first.attempts > 0
  let count = 0
  let bytes = 0
  for (let index = start; index < queue.length && count < batching.maxEvents; index++) {
    const one = queue[index]
    if (one === undefined || one.attempts > 0 !== again) return { count, wait: 0 }
    bytes += one.data.length
    if (count > 0 && bytes > maxBatchBytes) return { count, wait: 0 }
    count += 1
  }
  const full = count === batching.maxEvents || again
  return { count, wait: full ? 0 : Math.max(0, first.dueAt.getTime() + batching.maxWaitMs - now) }
}

/** Deliveries in the order in which they are due, as many under way at a time as the pace allows. */
export class PlainBacklog implements Backlog {
  readonly #batching: Batching | undefined
  readonly #known = new Set<string>()
  readonly #stale = new Set<string>()
  #queue: Array<ClaimedDelivery> = []
  #start = 0

  constructor(batching: Batching | undefined) {
    this.#batching = batching
  }

  get size() {
    return this.#queue.length - this.#start
  }

  beginClaim() {
    this.#stale.clear()
  }

  add(deliveries: ReadonlyArray<ClaimedDelivery>) {
    const fresh = deliveries.filter(({ id }) => !this.#known.has(id) && !this.#stale.has(id))
    if (this.#start > 0) this.#queue = this.#queue.slice(this.#start)
    this.#start = 0
    for (const delivery of fresh) {
      this.#known.add(delivery.id)
      this.#queue.push(delivery)
    }
    return fresh.length
  }

  take(now: number) {
    const { count, wait } = nextUnit(this.#queue, this.#start, this.#batching, now)
    if (wait > 0) return undefined
    const unit = this.#queue.slice(this.#start, this.#start + count)
    // A batch has one order, and so one id, whenever it is made.
    if (count > 1) unit.sort((a, b) => Number(a.sequence - b.sequence))
    this.#start += count
    return Arr.isReadonlyArrayNonEmpty(unit) ? unit : undefined
  }

  wait(now: number) {
    return nextUnit(this.#queue, this.#start, this.#batching, now).wait
  }

  end(unit: Unit) {
    for (const { id } of unit) {
      this.#known.delete(id)
      this.#stale.add(id)
    }
  }

  clear() {
    for (let index = this.#start; index < this.#queue.length; index++) {
      this.#known.delete(this.#queue[index]?.id ?? "")
    }
    this.#queue = []
    this.#start = 0
  }
}

interface Key {
  queue: ReadonlyArray<ClaimedDelivery>
  underWay: boolean
}

/**
 * Deliveries in the order of their sequence within each key, one request of a key at a time: the next one goes
 * when the one before is settled on disk.
 */
export class OrderedBacklog implements Backlog {
  readonly #batching: Batching | undefined
  readonly #keys = new Map<string, Key>()
  readonly #stale = new Set<string>()
  #size = 0

  constructor(batching: Batching | undefined) {
    this.#batching = batching
  }

  get size() {
    return this.#size
  }

  beginClaim() {
    this.#stale.clear()
  }

  add(deliveries: ReadonlyArray<ClaimedDelivery>, now: number) {
    const before = this.#size
    const until = now + (this.#batching?.maxWaitMs ?? 0)
    for (const [name, queue] of Object.entries(
      Arr.groupBy(deliveries, (one) => `:${one.orderingKey ?? ""}`)
    )) {
      const known = this.#keys.get(name)
      if (known?.underWay === true || this.#stale.has(name)) continue
      // Behind one that is not due yet nothing may go. What waits for a batch is taken up before, a retry is not.
      const ready = Arr.takeWhile(
        queue,
        ({ attempts, dueAt }) => dueAt.getTime() <= (attempts === 0 ? until : now)
      )
      this.#size += ready.length - (known?.queue.length ?? 0)
      if (ready.length === 0) this.#keys.delete(name)
      else if (known === undefined) this.#keys.set(name, { queue: ready, underWay: false })
      else known.queue = ready
    }
    return this.#size - before
  }

  take(now: number) {
    for (const [name, key] of this.#keys) {
      if (key.underWay) continue
      const { count, wait } = nextUnit(key.queue, 0, this.#batching, now)
      if (wait > 0) continue
      const unit = key.queue.slice(0, count)
      key.queue = key.queue.slice(count)
      key.underWay = true
      this.#size -= count
      // Behind the others, so that all keys have their turn.
      this.#keys.delete(name)
      this.#keys.set(name, key)
      if (Arr.isReadonlyArrayNonEmpty(unit)) return unit
    }
    return undefined
  }

  wait(now: number) {
    const waits = Array.from(this.#keys.values(), (key) =>
      key.underWay ? Infinity : nextUnit(key.queue, 0, this.#batching, now).wait
    )
    return Math.min(Infinity, ...waits)
  }

  end([first]: Unit, passed: boolean) {
    const name = `:${first.orderingKey ?? ""}`
    const key = this.#keys.get(name)
    this.#stale.add(name)
    if (key === undefined) return
    key.underWay = false
    if (passed && key.queue.length > 0) return
    this.#size -= key.queue.length
    this.#keys.delete(name)
  }

  clear() {
    for (const [name, key] of this.#keys) {
      key.queue = []
      if (!key.underWay) this.#keys.delete(name)
    }
    this.#size = 0
  }
}

/** What of an endpoint decides in which order, and with what else, a delivery goes. */
export type Shape = Pick<Endpoint, "batching" | "ordering">

/** A backlog for an endpoint with this order and these batches. */
export const emptyBacklog = ({ batching, ordering }: Shape): Backlog =>
  ordering === undefined ? new PlainBacklog(batching) : new OrderedBacklog(batching)

/** Whether two endpoints send alike, so that a backlog of one serves the other. */
export const sameShape = (a: Shape, b: Shape): boolean =>
  Equal.equals(a.batching, b.batching) && Equal.equals(a.ordering, b.ordering)
