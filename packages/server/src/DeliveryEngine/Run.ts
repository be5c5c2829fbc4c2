import { Clock, Effect, FiberSet, Latch, Schedule } from "effect"
import { type Backlog, emptyBacklog, sameShape } from "./Backlog.ts"
import { Claimer } from "./Claimer.ts"
import type { ClaimedDelivery, Claims } from "./Claims.ts"
import type { Unit } from "./Deliver.ts"
import type { Endpoint, Endpoints } from "./Endpoint.ts"
import type { Health } from "./Health.ts"
import { longAttempt } from "./InFlight.ts"
import { Knowledge } from "./Knowledge.ts"
import { Sending, type SendingServices } from "./Sending.ts"
import { gone } from "./Verdict.ts"
import type { Worker } from "./Wakeups.ts"

/** How often an owner at work looks at what has taken long, and at how its endpoint fares. */
export const lookSchedule = Schedule.spaced(longAttempt)

/** Milliseconds for which an owner waits for more before it ends. */
const linger = 1000

/** Milliseconds for which an owner waits for a retry or the end of a pause; the sweep knows what comes later. */
const near = 5000

/** Deliveries that an owner keeps which were handed to it; beyond them it looks for them later. */
const maxHanded = 256

/** What a run works with. */
export interface Services extends SendingServices {
  readonly claims: Claims["Service"]
  readonly endpoints: Endpoints["Service"]
  readonly health: Health["Service"]
}

type Fork = (effect: Effect.Effect<void>) => unknown

/**
 * One run of an endpoint's owner: from the first delivery that is due until none is. A slot is free as soon as an
 * answer is read; outcomes are written behind it, and more is claimed while what was claimed is sent.
 */
export class Run implements Worker {
  readonly #services: Services
  readonly #owned: () => boolean
  readonly #fork: Fork
  readonly #signal = Latch.makeUnsafe()
  readonly #sending: Sending
  readonly #claimer: Claimer
  #knowledge: Knowledge | undefined
  #backlog: Backlog
  /** Order or batches have changed: what is under way ends under the old rules before the new ones begin. */
  #reshaped = false
  #claiming = false
  /** Something has changed since the claim that is under way began. */
  #outdated = false
  #gaveUp = false
  /** Deliveries were handed over since it was last looked for any. */
  #handed = false
  #nearestRetry = Infinity
  #idleSince: number | undefined

  private constructor(services: Services, knowledge: Knowledge, owned: () => boolean, fork: Fork) {
    this.#services = services
    this.#owned = owned
    this.#fork = fork
    this.#knowledge = knowledge
    this.#claimer = new Claimer(services.claims, knowledge.endpoint.id)
    this.#backlog = emptyBacklog(knowledge.endpoint)
    this.#sending = new Sending(services, {
      fork,
      // What is known may have been read anew meanwhile.
      present: () => this.#knowledge?.endpoint,
      ended: (outcome, url, now) => {
        // Another address is not judged by this one.
        if (this.#knowledge?.endpoint.url.href === url.href) this.#knowledge.observe(outcome, now)
      },
      settled: (unit, passed, retryAt) => this.#settled(unit, passed, retryAt)
    })
  }

  /** A run whose requests end with the scope. */
  static readonly make = (services: Services, knowledge: Knowledge, owned: () => boolean) =>
    Effect.map(FiberSet.makeRuntime<never, void>(), (fork) => new Run(services, knowledge, owned, fork))

  more(deliveries: ReadonlyArray<ClaimedDelivery>): void {
    // Only where nothing older may stand before them.
    const next = deliveries.length > 0 && !this.#claiming && !this.#reshaped && this.#claimer.sawAll
    const fits = this.#backlog.size + deliveries.length <= maxHanded && this.#knowledge?.active === true
    // Published before an order began: it has no place in it yet.
    const plain = this.#knowledge?.endpoint.ordering === undefined
    if (next && fits && plain) {
      this.#backlog.add(deliveries, Infinity)
      this.#handed = true
    } else this.#claimer.more()
    this.#signal.openUnsafe()
  }

  look(): void {
    this.#outdated = this.#claiming
    this.#forget()
    this.#signal.openUnsafe()
  }

  /** What was claimed and has not begun is claimed anew. */
  #forget(): void {
    this.#backlog.clear()
    this.#claimer.restart()
  }

  /** Delivers until nothing is due. Answers with what is known of the endpoint then; undefined: it was removed. */
  get untilNothingIsDue(): Effect.Effect<Knowledge | undefined> {
    return Effect.gen({ self: this }, function* () {
      this.#fork(Effect.asVoid(Effect.repeat(this.#look, lookSchedule)))
      while (true) {
        this.#signal.closeUnsafe()
        const wait = this.#step(yield* Clock.currentTimeMillis)
        if (wait === undefined) break
        yield* Number.isFinite(wait)
          ? Effect.timeoutOption(this.#signal.await, Math.max(1, wait))
          : this.#signal.await
      }
      yield* this.#keepHealth
      return this.#knowledge
    })
  }

  /** Begins what may begin. Milliseconds until there may be more to do without a signal; undefined: the end. */
  #step(now: number): number | undefined {
    const knowledge = this.#knowledge
    const going = this.#goesOn(knowledge)
    const wait = going ? this.#begin(knowledge, now) : Infinity
    if (!going) this.#backlog.clear()
    if (this.#claiming || this.#sending.busy) {
      this.#idleSince = undefined
      return wait
    }
    if (this.#reshaped && knowledge?.active === true) {
      this.#backlog = emptyBacklog(knowledge.endpoint)
      this.#reshaped = false
      this.#claimer.more()
      return this.#step(now)
    }
    if (!going || knowledge.pace.heldUntil - now > near) return undefined
    if (this.#backlog.size > 0) return wait
    this.#idleSince ??= now
    const retry = this.#nearestRetry - now
    if (now - this.#idleSince >= linger && retry > near) return undefined
    return Math.min(linger, retry)
  }

  #goesOn(knowledge: Knowledge | undefined): knowledge is Knowledge {
    return knowledge?.active === true && this.#owned() && !this.#reshaped
  }

  /** Sends what the pace allows and claims more. Milliseconds until time alone allows more. */
  #begin(knowledge: Knowledge, now: number): number {
    if (this.#nearestRetry <= now) {
      this.#nearestRetry = Infinity
      this.#claimer.more()
    }
    for (let unit = this.#next(knowledge, now); unit !== undefined; unit = this.#next(knowledge, now)) {
      this.#fork(this.#lane(knowledge, unit))
    }
    const held = knowledge.pace.heldUntil - now > near
    if (!this.#claiming && !held && this.#claimer.wants(this.#backlog)) {
      this.#claiming = true
      this.#handed = false
      this.#fork(this.#claim(knowledge))
    }
    const wait = knowledge.pace.wait(now)
    return wait === 0 ? this.#backlog.wait(now) : wait
  }

  /** What may be sent now. From here on it is under way. */
  #next(knowledge: Knowledge, now: number): Unit | undefined {
    if (this.#sending.full || knowledge.pace.wait(now) > 0) return undefined
    const unit = this.#backlog.take(now)
    if (unit !== undefined) this.#sending.begin(unit, knowledge.pace, now)
    return unit
  }

  /** Sends one request after the other while there are any: each begins when the answer of the last one is read. */
  #lane(first: Knowledge, unit: Unit): Effect.Effect<void> {
    let knowledge = first
    let next: Unit | undefined = unit
    return Effect.whileLoop({
      while: () => next !== undefined,
      body: () => (next === undefined ? Effect.succeed(0) : this.#send(knowledge, next)),
      step: (now) => {
        const present = this.#knowledge
        next = this.#goesOn(present) ? this.#next(present, now) : undefined
        knowledge = present ?? knowledge
        if (next === undefined || this.#claimer.wants(this.#backlog)) this.#signal.openUnsafe()
      }
    })
  }

  /** Makes one attempt. Answers with the time at its end. */
  #send({ endpoint, pace }: Knowledge, unit: Unit): Effect.Effect<number> {
    return Effect.flatMap(this.#sending.send(endpoint, pace, unit), (outcome) =>
      outcome?.status === gone
        ? Effect.andThen(this.#disable(endpoint), Clock.currentTimeMillis)
        : Clock.currentTimeMillis
    )
  }

  /** Disables an endpoint that wants no more. */
  #disable(endpoint: Endpoint): Effect.Effect<void> {
    return Effect.andThen(this.#services.health.disable(endpoint, "gone"), this.#read).pipe(
      Effect.catchCause((cause) => Effect.logError("An endpoint that is gone could not be disabled", cause))
    )
  }

  #settled(unit: Unit, passed: boolean, retryAt: number): void {
    this.#nearestRetry = Math.min(this.#nearestRetry, retryAt)
    this.#backlog.end(unit, passed)
    if (this.#knowledge?.endpoint.ordering !== undefined) this.#claimer.more()
    this.#signal.openUnsafe()
  }

  #claim(knowledge: Knowledge): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const revision = yield* this.#claimer.claim(knowledge.endpoint, this.#backlog)
      const changed = revision !== knowledge.endpoint.revision
      // One claim is given up for what has changed; giving up the next one too could go on for ever.
      if (changed || (this.#outdated && !this.#gaveUp)) this.#forget()
      this.#gaveUp = !changed && this.#outdated && !this.#gaveUp
      this.#outdated = false
      if (changed) yield* this.#read
    }).pipe(
      Effect.catchCause((cause) =>
        Effect.logWarning("Claiming deliveries failed; the sweep tries again", cause)
      ),
      Effect.ensuring(
        Effect.sync(() => {
          this.#claiming = false
          this.#signal.openUnsafe()
        })
      )
    )
  }

  /** Reads the endpoint anew. */
  get #read(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const before = this.#knowledge
      if (before === undefined) return Effect.void
      return Effect.map(Knowledge.read(this.#services.endpoints, before.endpoint.id, before), (knowledge) => {
        this.#knowledge = knowledge
        if (knowledge !== undefined && !sameShape(knowledge.endpoint, before.endpoint)) this.#reshaped = true
        this.#signal.openUnsafe()
      })
    })
  }

  get #keepHealth(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const disabled = this.#knowledge?.keep(this.#services.health) ?? Effect.succeed(false)
      return Effect.flatMap(disabled, (disabled) => (disabled ? this.#read : Effect.void))
    })
  }

  get #look(): Effect.Effect<void> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      // The endpoint may have changed, and a hint may have been lost.
      if (this.#handed) this.#claimer.more()
      if (this.#knowledge?.endpoint.ordering !== undefined && this.#backlog.size > 0)
        this.#claimer.lookAtOrder(now)
      const tenantId = this.#knowledge?.endpoint.tenantId
      return tenantId === undefined ? Effect.void : this.#sending.show(tenantId, now)
    }).pipe(
      Effect.andThen(this.#keepHealth),
      Effect.catchCause((cause) => Effect.logWarning("Keeping account of an endpoint failed", cause)),
      Effect.andThen(Effect.sync(() => this.#signal.openUnsafe()))
    )
  }
}
