import { Console, Effect, Fiber, Option, Random, Schedule } from "effect"
import { now } from "../../bench/Monotonic.ts"
import type * as Service from "../../bench/Service.ts"

/** How often it is looked whether everything is under way, or at its end. */
export const looks = Schedule.spaced("50 millis")

/** How long what is pending may take to be tried again before that is a fault. */
export const patience = "30 seconds"

/** One round in so many kills at any moment, before the service has found its feet as well. */
const earlyEvery = 4

/** The service as a process. */
type Launch = ReturnType<typeof Service.launch>
type Running = Effect.Success<Launch>

/** What is done to the service while it is killed again and again. */
export interface Trial<Resumption, E, R> {
  /** Starts the service; it stops with the scope. */
  readonly launch: Launch
  /** Run when the service answers. */
  readonly noteReady: Effect.Effect<void>
  /** Sends until something breaks; each sender ends with its first failure, which `failed` is told of. */
  readonly send: (url: string, failed: (error: unknown) => void) => Effect.Effect<void, E, R>
  /** Waits until everything is under way that was pending at the last kill. */
  readonly resumed: Effect.Effect<Resumption, E, R>
  /** Reads what the kill left. */
  readonly lookBack: Effect.Effect<void, E, R>
  readonly fault: (what: string) => void
}

/** Makes one round of a trial: the service under traffic until it is killed, and what the kill left. */
export const makeRound = <Resumption, E, R>(trial: Trial<Resumption, E, R>) => {
  /** The service, when it is ready, with traffic until it is killed. */
  const underTraffic = Effect.fnUntraced(function* <A, E2, R2>(
    service: Running,
    meanwhile: Effect.Effect<A, E2, R2>
  ) {
    yield* service.ready
    yield* trial.noteReady
    let killed = false
    const traffic = yield* Effect.forkScoped(
      trial.send(service.url, (error) => {
        if (!killed) trial.fault(`A request failed before the kill: ${String(error)}`)
      })
    )
    const result = yield* meanwhile
    killed = true
    yield* service.kill
    yield* Fiber.join(traffic)
    return result
  })

  const early = Effect.gen(function* () {
    const service = yield* trial.launch
    const life = yield* Random.nextIntBetween(100, 4000)
    const end = now() + life
    const rest = Effect.suspend(() => Effect.sleep(Math.max(0, end - now())))
    const ready = yield* Effect.timeoutOption(service.ready, life)
    yield* Option.isSome(ready) ? underTraffic(service, rest) : service.kill
    yield* Console.log(`  killed ${life} ms after the start`)
    return undefined
  }).pipe(Effect.scoped)

  const late = Effect.gen(function* () {
    const service = yield* trial.launch
    const life = yield* Random.nextIntBetween(200, 2000)
    return yield* underTraffic(
      service,
      Effect.tap(trial.resumed, () => Effect.sleep(life))
    )
  }).pipe(Effect.scoped)

  /** Kills the service once; how it had resumed before, if that was waited for. */
  return Effect.fnUntraced(function* (number: number) {
    const resumption = yield* number % earlyEvery === 0 ? early : late
    yield* trial.lookBack
    return resumption
  })
}
