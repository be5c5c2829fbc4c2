import { placeOf } from "./Messages.ts"

/**
 * What an order was forwarded, told request by request. The senders of a key wait for each answer, so its messages
 * were recorded in the order of their numbers: each may come when the one before it was taken, alone, and again as
 * long as the one after it has not come.
 */
export class Order {
  readonly #taken = new Map<string, number>()
  readonly #reached = new Map<string, number>()
  readonly #underWay = new Set<string>()

  /** A request has come. Answers with what is wrong with that. */
  begin(nonce: string): string | undefined {
    const place = placeOf(nonce)
    if (place === undefined) return `${nonce} has no place in any order`
    const { key, number } = place
    const reached = this.#reached.get(key) ?? 0
    this.#reached.set(key, Math.max(reached, number))
    if (this.#underWay.has(key)) return `${nonce} came beside another of ${key}`
    this.#underWay.add(key)
    if (number < reached) return `${nonce} came after number ${reached}`
    const taken = this.#taken.get(key) ?? 0
    return number > taken + 1 ? `${nonce} came when only number ${taken} was taken` : undefined
  }

  /** It is about to be answered with success. */
  take(nonce: string): void {
    const place = placeOf(nonce)
    if (place !== undefined)
      this.#taken.set(place.key, Math.max(place.number, this.#taken.get(place.key) ?? 0))
  }

  /** Its answer is out, or its sender has gone. */
  end(nonce: string): void {
    this.#underWay.delete(placeOf(nonce)?.key ?? "")
  }
}
