import type { TenantId } from "@do-integrations/domain/Tenant"
import { Clock, Effect, Exit } from "effect"
import type { Deliver, Outcome, Unit } from "./Deliver.ts"
import type { Endpoint } from "./Endpoint.ts"
import { InFlight, type ShowInFlight } from "./InFlight.ts"
import type { Pace } from "./Pace.ts"
import type { Settle, Settlement } from "./Settle.ts"
import { verdicts } from "./Verdict.ts"

/** Requests of an endpoint whose outcome is not on disk yet: beyond this many none begins. */
const maxUnsettled = 128

/** What requests are sent and recorded with. */
export interface SendingServices {
  readonly deliver: Deliver["Service"]
  readonly settle: Settle["Service"]
  readonly showInFlight: ShowInFlight
}

/** What happens around the requests of one run. */
export interface SendingHooks {
  /** Runs an effect beside the requests. */
  readonly fork: (effect: Effect.Effect<void>) => unknown
  /** The endpoint as it is now: by its rules an attempt is judged that began under others. */
  readonly present: () => Endpoint | undefined
  /** An answer was read, or there was none: the slot is free, although nothing is on disk yet. */
  readonly ended: (outcome: Outcome, url: URL, now: number) => void
  /**
   * The outcomes of a request are on disk, all of them; `passed` unless a delivery stands in the way of those behind
   * it. `retryAt` is when the first of them is due again, in milliseconds; infinity when none is.
   */
  readonly settled: (unit: Unit, passed: boolean, retryAt: number) => void
}

/** The requests of one run: under way first, then waiting for the commit that holds their outcome. */
export class Sending {
  readonly #services: SendingServices
  readonly #hooks: SendingHooks
  readonly #inFlight = new InFlight()
  #unsettled = 0

  constructor(services: SendingServices, hooks: SendingHooks) {
    this.#services = services
    this.#hooks = hooks
  }

  /** Something is under way or not on disk yet. */
  get busy(): boolean {
    return this.#unsettled > 0
  }

  get full(): boolean {
    return this.#unsettled >= maxUnsettled
  }

  /** From here on the request counts as under way. */
  begin(unit: Unit, pace: Pace, now: number): void {
    pace.begin()
    this.#inFlight.begin(unit, now)
    this.#unsettled += 1
  }

  /** Makes the attempt and queues its outcome to be written. Undefined: it could not be made. */
  send(endpoint: Endpoint, pace: Pace, unit: Unit): Effect.Effect<Outcome | undefined> {
    const sent = Effect.flatMap(this.#services.deliver.attempt(endpoint, unit), (outcome) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        this.#inFlight.end(unit)
        pace.end(outcome, now)
        this.#hooks.ended(outcome, endpoint.url, now)
        return Effect.as(this.#write(this.#hooks.present() ?? endpoint, unit, outcome), outcome)
      })
    )
    return Effect.catchCause(sent, (cause) => {
      if (this.#inFlight.end(unit)) {
        pace.abandon()
        this.#end(unit, false, Infinity)
      }
      return Effect.as(Effect.logError("An attempt could not be made", cause), undefined)
    })
  }

  /** Shows what has been under way for long. */
  show(tenantId: TenantId, now: number): Effect.Effect<void> {
    const long = this.#inFlight.takeLong(now)
    return long.length === 0 ? Effect.void : this.#services.showInFlight(tenantId, long)
  }

  #write(endpoint: Endpoint, unit: Unit, outcome: Outcome): Effect.Effect<void> {
    const { settle } = this.#services
    return Effect.flatMap(verdicts(endpoint, unit, outcome), (settlements) => {
      const settled = this.#settling(unit, settlements)
      const [only, ...others] = settlements
      return others.length === 0
        ? settle.settle(only, settled)
        : Effect.forEach(settlements, (one) => settle.settle(one, settled), { discard: true })
    })
  }

  /** Called for each delivery of a request; the last one ends it. */
  #settling(unit: Unit, settlements: ReadonlyArray<Settlement>) {
    let left = settlements.length
    let passed = settlements.every(({ dueAt }) => dueAt === null)
    return (exit: Exit.Exit<void>) => {
      if (Exit.isFailure(exit)) {
        passed = false
        this.#hooks.fork(Effect.logError("An outcome was not written; the attempt is made again", exit.cause))
      }
      left -= 1
      if (left > 0) return
      const retries = settlements.flatMap(({ dueAt }) => (dueAt instanceof Date ? dueAt.getTime() : []))
      this.#end(unit, passed, Math.min(Infinity, ...retries))
    }
  }

  #end(unit: Unit, passed: boolean, retryAt: number): void {
    this.#unsettled -= 1
    this.#hooks.settled(unit, passed, retryAt)
  }
}
