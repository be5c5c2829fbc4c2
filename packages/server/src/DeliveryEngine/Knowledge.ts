import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Effect, Equal } from "effect"
import type { Outcome } from "./Deliver.ts"
import type { Endpoint, Endpoints } from "./Endpoint.ts"
import type { Health, Noted } from "./Health.ts"
import { Pace } from "./Pace.ts"

/** Whether failures of the one count for the other: not once it was set going again, or is at another address. */
const sameRecord = (before: Endpoint, now: Endpoint) =>
  Equal.equals(before.connectedAt, now.connectedAt) && before.url.href === now.url.href

/** What an owner knows of its endpoint, from one run to the next. */
export class Knowledge {
  readonly endpoint: Endpoint
  readonly pace: Pace
  /** What of the following the endpoint's row says. */
  readonly noted: Noted
  #lastSuccessAt: number | undefined
  #failingSince: number | undefined
  #lastFailureAt: number | undefined

  private constructor(endpoint: Endpoint, pace: Pace, noted: Noted) {
    this.endpoint = endpoint
    this.pace = pace
    this.noted = noted
    this.#failingSince = noted.failingSince
  }

  /** Reads the endpoint. What was known before still holds, unless its row says otherwise. */
  static read(
    endpoints: Endpoints["Service"],
    id: OutboundWebhookId,
    before?: Knowledge
  ): Effect.Effect<Knowledge | undefined> {
    return Effect.map(endpoints.load(id), (endpoint) => {
      if (endpoint === undefined) return undefined
      const failingSince = endpoint.failingSince?.epochMilliseconds
      const heldUntil = endpoint.holdUntil?.epochMilliseconds ?? 0
      before?.pace.configure(endpoint)
      const asNoted = before?.noted.failingSince === failingSince && before?.noted.heldUntil === heldUntil
      if (before !== undefined && asNoted && sameRecord(before.endpoint, endpoint)) {
        const known = new Knowledge(endpoint, before.pace, before.noted)
        known.#lastSuccessAt = before.#lastSuccessAt
        known.#failingSince = before.#failingSince
        known.#lastFailureAt = before.#lastFailureAt
        return known
      }
      const noted = { lastSuccessAt: 0, failingSince, warned: endpoint.warnedAt !== undefined, heldUntil }
      before?.pace.reset(endpoint)
      return new Knowledge(endpoint, before?.pace ?? new Pace(endpoint), noted)
    })
  }

  get active(): boolean {
    return this.endpoint.status === "active"
  }

  /** Whether nothing stands in the way of a delivery; what does may have been taken away since it was read. */
  mayDeliver(now: number): boolean {
    return this.active && this.pace.heldUntil <= now
  }

  /** An attempt has ended. */
  observe(outcome: Outcome, now: number): void {
    if (outcome.succeeded) {
      this.#lastSuccessAt = now
      this.#failingSince = undefined
      this.#lastFailureAt = undefined
    } else {
      this.#failingSince ??= outcome.at.getTime()
      this.#lastFailureAt = now
    }
  }

  /** Writes down what has changed. Answers whether the endpoint was disabled over it. */
  keep(health: Health["Service"]): Effect.Effect<boolean> {
    const observed = {
      lastSuccessAt: this.#lastSuccessAt,
      failingSince: this.#failingSince,
      lastFailureAt: this.#lastFailureAt,
      heldUntil: this.pace.heldUntil
    }
    return health.keep(this.endpoint, observed, this.noted)
  }
}
