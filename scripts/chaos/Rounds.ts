import type { Database } from "@do-integrations/server/Config"
import { Clock, Console, Effect, Fiber, Option, Random, Schedule } from "effect"
import { BenchFailure } from "../../bench/BenchFailure.ts"
import { now } from "../../bench/Monotonic.ts"
import type * as Recorder from "../../bench/Recorder.ts"
import * as Service from "../../bench/Service.ts"
import { Account, type Kill, wayOf } from "./Account.ts"
import { waysOf } from "./Judgement.ts"
import { type Resumption, resumptionAfter } from "./Resumption.ts"
import * as Tables from "./Tables.ts"
import { furnish, secret } from "./SetUp.ts"
import { newLedger, send } from "./Traffic.ts"

/** How often it is looked whether everything is under way, or at its end. */
const looks = Schedule.spaced("50 millis")

/** How long what is pending may take to be tried again before that is a fault. */
const patience = "30 seconds"

/** One round in so many kills at any moment, before the service has found its feet as well. */
const earlyEvery = 4

/** A service under traffic, and the ways to kill it and to see what came of that. */
export const begin = Effect.fnUntraced(function* (database: Database, recorder: Recorder.Recorder) {
  const account = new Account()
  const ledger = newLedger()
  const { ingress, key, webhooks } = yield* furnish(database, recorder.urls)
  const update = Effect.map(recorder.news, (news) => account.add(news))
  const epoch = (yield* Clock.currentTimeMillis) - now()

  const report = Effect.fnUntraced(function* (number: number, kill: Kill, resumption: Resumption) {
    const { idle, last = "none", pending, worst } = resumption
    for (const way of idle.slice(0, 10))
      account.fault(`${way} was pending at kill ${number} and was not tried again`)
    const up = ((kill.readyAt ?? 0) - kill.launchedAt) / 1000
    yield* Console.log(
      `  after kill ${number}: ready in ${up.toFixed(1)} s; ${pending} pending, all under way after ${Math.round(worst)} ms (${last})`
    )
  })

  /** Waits until everything is under way that was pending at the last kill. */
  const resumed = Effect.gen(function* () {
    const kill = account.kills.at(-1)
    if (kill === undefined) return undefined
    const look = Effect.map(update, () => resumptionAfter(account, kill, epoch))
    const patient = Effect.repeat(look, { schedule: looks, until: ({ idle }) => idle.length === 0 })
    const resumption = yield* Effect.timeoutOrElse(patient, { duration: patience, orElse: () => look })
    yield* report(account.kills.length, kill, resumption)
    return resumption
  })

  /** Reads what the kill left. What is no longer waiting has to have arrived. */
  const lookBack = Effect.gen(function* () {
    const rows = yield* Tables.waitingIn(database)
    const waiting = new Map(
      rows.map((row) => [wayOf(webhooks.indexOf(row.webhookId), row.eventId), row] as const)
    )
    yield* update
    for (const [endpoint, id] of waysOf(ledger)) {
      const way = wayOf(endpoint, id)
      if (!waiting.has(way) && !account.taken.has(way)) {
        account.fault(`After kill ${account.kills.length + 1} ${way} has neither arrived nor is it waiting`)
      }
    }
    account.kills.push({ waiting, since: account.arrivals.length, launchedAt: now(), readyAt: undefined })
  })

  const noteReady = Effect.sync(() => {
    const kill = account.kills.at(-1)
    if (kill !== undefined) kill.readyAt = now()
  })

  /** The service, when it is ready, with traffic until it is killed. */
  const underTraffic = Effect.fnUntraced(function* <A, E, R>(
    service: Effect.Success<ReturnType<typeof Service.launch>>,
    meanwhile: Effect.Effect<A, E, R>
  ) {
    yield* service.ready
    yield* noteReady
    const client = yield* Service.clientFor(service.url, { key })
    let killed = false
    const traffic = yield* Effect.forkScoped(
      send({ client, ingress: service.url + ingress, secret }, ledger, (error) => {
        if (!killed) account.fault(`A request failed before the kill: ${String(error)}`)
      })
    )
    const result = yield* meanwhile
    killed = true
    yield* service.kill
    yield* Fiber.join(traffic)
    return result
  })

  const early = Effect.gen(function* () {
    const service = yield* Service.launch(database)
    const life = yield* Random.nextIntBetween(100, 4000)
    const end = now() + life
    const rest = Effect.suspend(() => Effect.sleep(Math.max(0, end - now())))
    const ready = yield* Effect.timeoutOption(service.ready, life)
    yield* Option.isSome(ready) ? underTraffic(service, rest) : service.kill
    yield* Console.log(`  killed ${life} ms after the start`)
    return undefined
  }).pipe(Effect.scoped)

  const late = Effect.gen(function* () {
    const service = yield* Service.launch(database)
    const life = yield* Random.nextIntBetween(200, 2000)
    return yield* underTraffic(
      service,
      Effect.tap(resumed, () => Effect.sleep(life))
    )
  }).pipe(Effect.scoped)

  /** Kills the service once; how it had resumed before, if that was waited for. */
  const round = Effect.fnUntraced(function* (number: number) {
    const resumption = yield* number % earlyEvery === 0 ? early : late
    yield* lookBack
    return resumption
  })

  /** Starts it a last time and lets it finish. */
  const finish = Effect.gen(function* () {
    const service = yield* Service.start(database)
    yield* noteReady
    const resumption = yield* resumed
    const client = yield* Service.clientFor(service.url, { key })
    const open = Effect.forEach(["pending", "in_flight", "failed"] as const, (state) =>
      client.webhooks.listDeliveries({ query: { state, limit: 1 } })
    )
    yield* open.pipe(
      Effect.repeat({ schedule: looks, until: (pages) => pages.every(({ items }) => items.length === 0) }),
      Effect.timeoutOrElse({
        duration: "60 seconds",
        orElse: () => new BenchFailure({ problem: "Not every delivery comes to its end" })
      })
    )
    const audit = yield* client.audit
      .verifyAudit()
      .pipe(
        Effect.repeat({ schedule: looks, until: ({ unsealed }) => unsealed === 0 }),
        Effect.timeout("30 seconds")
      )
    if (!audit.intact) account.fault("The chain of the audit log is broken")
    yield* update
    return resumption
  }).pipe(Effect.scoped)

  return { account, ledger, webhooks, round, finish }
})
