import type { Database } from "@do-integrations/server/Config"
import { Clock, Console, Effect } from "effect"
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
import { looks, makeRound, patience } from "./Trial.ts"

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

  const round = makeRound({
    launch: Service.launch(database),
    noteReady,
    send: (url, failed) =>
      Effect.flatMap(Service.clientFor(url, { key }), (client) =>
        send({ client, ingress: url + ingress, secret }, ledger, failed)
      ),
    resumed,
    lookBack,
    fault: (what) => account.fault(what)
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
