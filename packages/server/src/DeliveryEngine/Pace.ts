import { Duration } from "effect"
import type { Endpoint } from "./Endpoint.ts"

/** Failures in a row after which an endpoint is probed with one request at a time. */
export const probeAfter = 10

/** The first pause of an endpoint that is probed, or that asked for less; each further one is twice as long. */
export const firstPause = Duration.seconds(1)

/** The longest pause between two probes. */
export const longestPause = Duration.minutes(1)

/** The longest time for which a receiver's `Retry-After` holds up its whole endpoint. */
export const longestHold = Duration.hours(1)

/** Answers of receivers, or of what stands before them, that have too much to do (RFC 6585; RFC 9110, 15.6). */
const overloaded: ReadonlySet<number | undefined> = new Set([429, 502, 504])

/** What an attempt tells of how its endpoint fares. */
export interface Report {
  readonly succeeded: boolean
  readonly status?: number | undefined
  readonly retryAfter?: Duration.Duration | undefined
}

/**
 * How many requests an endpoint gets, and when. Kept by its owner, who alone sends to it; times are milliseconds
 * since the epoch.
 *
 * Its concurrency is bounded, and its rate where it wants that (a bucket of tokens that holds one second). One
 * that fails many times in a row, and one that says it has too much to do, is left alone for a while that
 * doubles, and then probed with one request at a time until one succeeds.
 */
export class Pace {
  #concurrency: number
  #rateLimit: number | undefined
  #tokens: number
  #filledAt = 0
  #width: number
  #underWay = 0
  #failures = 0
  #pauses = 0
  #heldUntil: number

  constructor(endpoint: Pick<Endpoint, "concurrency" | "rateLimit" | "failingSince" | "holdUntil">) {
    this.#concurrency = endpoint.concurrency
    this.#rateLimit = endpoint.rateLimit
    this.#tokens = endpoint.rateLimit ?? 0
    this.#width = endpoint.concurrency
    this.#heldUntil = 0
    this.reset(endpoint)
  }

  /** Takes over what the endpoint's row says of its failures; what is under way stays so. */
  reset({
    concurrency,
    failingSince,
    holdUntil
  }: Pick<Endpoint, "concurrency" | "failingSince" | "holdUntil">): void {
    this.#width = concurrency
    this.#pauses = 0
    this.#heldUntil = holdUntil?.epochMilliseconds ?? 0
    // What failed before this process knew it is asked once before it gets everything.
    this.#failures = failingSince === undefined ? 0 : probeAfter
  }

  /** Takes over changed bounds. */
  configure({ concurrency, rateLimit }: Pick<Endpoint, "concurrency" | "rateLimit">): void {
    if (rateLimit !== this.#rateLimit) this.#tokens = rateLimit ?? 0
    this.#concurrency = concurrency
    this.#rateLimit = rateLimit
    this.#width = Math.min(Math.max(this.#width, 1), concurrency)
  }

  /** Nothing begins before. */
  get heldUntil(): number {
    return this.#heldUntil
  }

  get underWay(): number {
    return this.#underWay
  }

  /** Milliseconds until a request may begin: 0 is now, infinity when one that is under way has to end first. */
  wait(now: number): number {
    const width = this.#failures >= probeAfter ? 1 : this.#width
    if (this.#underWay >= width) return Infinity
    if (this.#heldUntil > now) return this.#heldUntil - now
    if (this.#rateLimit === undefined) return 0
    this.#fill(now, this.#rateLimit)
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) * 1000) / this.#rateLimit)
  }

  /** A request begins. */
  begin(): void {
    this.#underWay += 1
    this.#tokens -= 1
  }

  /** A request has ended without telling anything: it was interrupted. */
  abandon(): void {
    this.#underWay -= 1
  }

  /** A request has ended. */
  end({ retryAfter, status, succeeded }: Report, now: number): void {
    this.#underWay -= 1
    if (succeeded) {
      this.#failures = 0
      this.#pauses = 0
      this.#width = Math.min(this.#concurrency, this.#width + 1)
      return
    }
    this.#failures += 1
    const slow = overloaded.has(status)
    // Requests that were under way together and failed together are one failure.
    if (slow && this.#heldUntil <= now) this.#width = Math.max(1, this.#width >> 1)
    if (slow || this.#failures >= probeAfter) this.#pause(now, slow ? retryAfter : undefined)
  }

  #pause(now: number, asked: Duration.Duration | undefined): void {
    if (this.#heldUntil > now && asked === undefined) return
    const pause = Math.min(
      Duration.toMillis(firstPause) * 2 ** Math.min(this.#pauses, 20),
      Duration.toMillis(longestPause)
    )
    const hold = asked === undefined ? 0 : Math.min(Duration.toMillis(asked), Duration.toMillis(longestHold))
    if (this.#heldUntil <= now) this.#pauses += 1
    // Whole milliseconds, as the endpoint's row has them.
    this.#heldUntil = Math.max(this.#heldUntil, Math.ceil(now + Math.max(pause, hold)))
  }

  #fill(now: number, rate: number): void {
    this.#tokens = Math.min(rate, this.#tokens + ((now - this.#filledAt) * rate) / 1000)
    this.#filledAt = now
  }
}
