import type { ClaimedHandling, Order } from "./Claims.ts"
import type { HandlingKey } from "./Handling.ts"

const nameOf = ({ messageId, route }: HandlingKey) => `${messageId} ${route}`

/**
 * What the owner of a webhook has before it, and where it goes on looking. What is claimed or under way is not
 * claimed twice, and of a key of an order there is one at a time.
 */
export class Backlog {
  readonly #known = new Set<string>()
  readonly #keys = new Set<string>()
  readonly #queue: Array<ClaimedHandling> = []
  /** Keys that are free again since the last claim. */
  #ended = new Set<string>()
  #after: string | undefined
  /** There may be more than the pass under way finds, which goes from the first key to the last. */
  #hinted = true
  #sawAll = false
  #underWay = 0

  get size() {
    return this.#queue.length
  }

  get underWay() {
    return this.#underWay
  }

  /** Nothing is due that is not here. */
  get sawAll() {
    return this.#sawAll && this.#ended.size === 0
  }

  /** There may be more than was seen. */
  more(): void {
    this.#hinted = true
    this.#sawAll = false
  }

  /** Looks from the beginning, by other rules. */
  restart(): void {
    this.clear()
    this.#after = undefined
    this.#ended.clear()
    this.more()
  }

  /** What the next claim asks for: twice what may go at a time, beside what it will find again. */
  next(concurrency: number, ordered: boolean): { readonly limit: number; readonly order: Order | undefined } {
    const ended = [...this.#ended]
    this.#ended = new Set()
    if (this.#after === undefined) this.#hinted = false
    return {
      limit: 2 * concurrency + this.#known.size,
      order: ordered ? { after: this.#after, ended } : undefined
    }
  }

  /** Takes up what the claim has found that asked for `limit`; `lastKey`: it came no further than this key. */
  add(
    handlings: ReadonlyArray<ClaimedHandling>,
    limit: number,
    ordered: boolean,
    lastKey: string | undefined
  ): void {
    let plain = 0
    for (const handling of handlings) {
      const { orderingKey } = handling
      const key = ordered ? orderingKey : null
      if (key === null) plain += 1
      if (this.#known.has(nameOf(handling)) || (key !== null && this.#keys.has(key))) continue
      this.#known.add(nameOf(handling))
      if (key !== null) this.#keys.add(key)
      this.#queue.push({ ...handling, orderingKey: key })
    }
    this.#after = lastKey
    this.#sawAll = lastKey === undefined && plain < limit && !this.#hinted
  }

  /** The next one; from here on it is under way. */
  take(): ClaimedHandling | undefined {
    const next = this.#queue.shift()
    if (next !== undefined) this.#underWay += 1
    return next
  }

  /** It is settled, or given up for now. */
  end(handling: ClaimedHandling): void {
    this.#underWay -= 1
    this.#forget(handling)
    // What stood behind it may go now.
    if (handling.orderingKey !== null) this.#ended.add(handling.orderingKey)
  }

  /** Forgets what has not begun. */
  clear(): void {
    for (const handling of this.#queue.splice(0)) this.#forget(handling)
  }

  #forget(handling: ClaimedHandling): void {
    this.#known.delete(nameOf(handling))
    if (handling.orderingKey !== null) this.#keys.delete(handling.orderingKey)
  }
}
