import type { Database } from "@do-integrations/server/Config"
import { Clock, Console, Effect, Number } from "effect"
import { BenchFailure } from "../../bench/BenchFailure.ts"
import { now } from "../../bench/Monotonic.ts"
import * as Service from "../../bench/Service.ts"
import { median } from "../../bench/Statistics.ts"
import { wayOf } from "./Account.ts"
import { Account } from "./inbound/Account.ts"
import { judge } from "./inbound/Judgement.ts"
import * as Receiver from "./inbound/Receiver.ts"
import { type Resumption, resumptionAfter } from "./inbound/Resumption.ts"
import { furnish, setting } from "./inbound/SetUp.ts"
import * as Tables from "./inbound/Tables.ts"
import { newLedger, send } from "./inbound/Traffic.ts"
import { repetitionsIn } from "./Repetitions.ts"
import { looks, makeRound, patience } from "./Trial.ts"

/** How long it may take at last until every message is handled. */
const patienceAtLast = "60 seconds"

/** Messages that come in and are handled while the service is killed. */
export const begin = Effect.fnUntraced(function* (database: Database) {
  const account = new Account()
  const ledger = newLedger()
  const { addressesAt, ids, key } = yield* furnish(database, yield* Receiver.start(account))
  const epoch = (yield* Clock.currentTimeMillis) - now()
  const resumptions: Array<Resumption> = []

  /** Waits until everything was forwarded again that was pending at the last kill. */
  const resumed = Effect.gen(function* () {
    const kill = account.kills.at(-1)
    if (kill === undefined) return
    const look = Effect.sync(() => resumptionAfter(account, kill, epoch))
    const patient = Effect.repeat(look, { schedule: looks, until: ({ idle }) => idle.length === 0 })
    const resumption = yield* Effect.timeoutOrElse(patient, { duration: patience, orElse: () => look })
    resumptions.push(resumption)
    const { first, idle, pending, worst } = resumption
    for (const way of idle.slice(0, 10)) {
      account.fault(`${way} was pending at kill ${account.kills.length} and was not tried again`)
    }
    const up = ((kill.readyAt ?? 0) - kill.launchedAt) / 1000
    yield* Console.log(
      `  after kill ${account.kills.length}: ready in ${up.toFixed(1)} s; ${pending} pending, ` +
        `the first under way after ${first === undefined ? "-" : Math.round(first)} ms, all after ${Math.round(worst)} ms`
    )
  })

  /** Reads what the kill left. What is no longer waiting has to have arrived. */
  const lookBack = Effect.gen(function* () {
    const rows = yield* Tables.waitingIn(database)
    const waiting = new Map(
      rows.flatMap((row) =>
        row.route === "forward" ? [[wayOf(ids.indexOf(row.webhookId), row.messageId), row] as const] : []
      )
    )
    for (const [nonce, { ids: answered, webhook }] of ledger.answers) {
      for (const id of answered) {
        const way = wayOf(webhook, id)
        if (!waiting.has(way) && !account.taken.has(way)) {
          account.fault(
            `After kill ${account.kills.length + 1} ${way} (${nonce}) has neither arrived nor is it waiting`
          )
        }
      }
    }
    account.kills.push({ waiting, launchedAt: now(), readyAt: undefined })
  })

  const noteReady = Effect.sync(() => {
    const kill = account.kills.at(-1)
    if (kill !== undefined) kill.readyAt = now()
  })

  const launch = Service.launch(database, setting)

  /** Starts it a last time and lets it finish. */
  const finishHandling = Effect.gen(function* () {
    const service = yield* launch
    yield* service.ready
    yield* noteReady
    yield* resumed
    const client = yield* Service.clientFor(service.url, { key })
    const open = Effect.forEach(["pending", "failed"] as const, (state) =>
      client.webhooks.listMessages({ query: { state, limit: 1 } })
    )
    yield* open.pipe(
      Effect.repeat({ schedule: looks, until: (pages) => pages.every(({ items }) => items.length === 0) }),
      Effect.timeoutOrElse({
        duration: patienceAtLast,
        orElse: () => new BenchFailure({ problem: "Not every message comes to its end" })
      })
    )
  }).pipe(Effect.scoped)

  const figures = (lost: number) => {
    const { perKill } = repetitionsIn(account)
    const firsts = resumptions.flatMap(({ first }) => (first === undefined ? [] : [first]))
    const worsts = resumptions.map(({ worst }) => worst)
    const answers = [...ledger.answers.values()]
    return {
      rounds: account.kills.length,
      accepted: answers.length,
      answeredAsDuplicates: Number.sumAll(answers.map(({ duplicates }) => duplicates)),
      forwarded: account.taken.size,
      lost,
      repeated: Number.sumAll(perKill),
      repeatedPerKill: { median: median(perKill), most: Math.max(0, ...perKill) },
      pendingAtKill: { median: median(resumptions.map(({ pending }) => pending)) },
      firstHandlingMs: { median: Math.round(median(firsts)), most: Math.round(Math.max(0, ...firsts)) },
      allUnderWayMs: { median: Math.round(median(worsts)), most: Math.round(Math.max(0, ...worsts)) }
    }
  }

  return {
    round: makeRound({
      launch,
      noteReady,
      send: (url, failed) => send(addressesAt(url), ledger, failed),
      resumed,
      lookBack,
      fault: (what) => account.fault(what)
    }),
    finish: Effect.gen(function* () {
      yield* finishHandling
      const lost = judge({ account, ledger, all: yield* Tables.everythingIn(database), webhooks: ids })
      return { figures: figures(lost.length), faults: account.faults }
    })
  }
})
