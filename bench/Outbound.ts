import type { Database } from "@do-integrations/server/Config"
import * as Sql from "@do-integrations/server/Sql"
import { Array as Arr, Console, Effect, Number, type Redacted, Schedule } from "effect"
import * as Backlog from "./Backlog.ts"
import * as Baseline from "./Baseline.ts"
import type { Variant } from "./baseline/Settings.ts"
import { BenchFailure } from "./BenchFailure.ts"
import * as Databases from "./Databases.ts"
import { now } from "./Monotonic.ts"
import * as Receiver from "./Receiver.ts"
import { printBaseline, printMachine, printResult } from "./Report.ts"
import * as Service from "./Service.ts"
import { median, ratioOf } from "./Statistics.ts"

/** Deliveries that are made before the clock starts, as a share of those that it covers. */
const warmUpShare = 0.1

/** How often it is asked, once everything has arrived, whether everything is settled. */
const settling = { schedule: Schedule.spaced("50 millis"), until: (settled: boolean) => settled }

/** What is drained, and how often. */
export interface Options {
  /** Deliveries that the clock covers. */
  readonly deliveries: number
  readonly endpoints: number
  readonly alternations: number
}

interface Size {
  readonly warmUp: number
  readonly total: number
}

interface Run {
  /** Deliveries a second. */
  readonly rate: number
  readonly duplicates: number
  readonly lost: number
}

/** From the arrival of the last delivery of the warm-up until all have both arrived and been settled. */
const timed = Effect.fnUntraced(function* <E, R>(
  receiver: Receiver.Receiver,
  { total, warmUp }: Size,
  settled: Effect.Effect<boolean, E, R>
) {
  const { markAt } = yield* receiver.awaitDistinct(total)
  yield* Effect.repeat(settled, settling).pipe(
    Effect.timeoutOrElse({
      duration: "60 seconds",
      orElse: () => new BenchFailure({ problem: "Everything arrived, but not everything was settled" })
    })
  )
  return (1000 * (total - warmUp)) / (now() - markAt)
})

/** Counts once more when the sender has stopped, so that what it sent last is seen too. */
const judged = Effect.fnUntraced(function* (
  receiver: Receiver.Receiver,
  { total }: Size,
  rate: number,
  kept: number
) {
  const { distinct, duplicates } = yield* receiver.counts
  return { rate, duplicates, lost: total - Math.min(distinct, kept) } satisfies Run
})

/** One side's way to run once, and what it came to each time. */
const side = <E, R>(once: Effect.Effect<Run, E, R>) => ({ once, runs: Arr.empty<Run>() })

/** Ours: prepared once, run on a copy each time. */
const ours = Effect.fnUntraced(function* (template: Database, receiver: Receiver.Receiver, size: Size) {
  const tenant = yield* Service.furnish(template, receiver.urls)
  yield* Effect.provide(Backlog.seed(tenant, size.total), Sql.layer(template))
  if (template._tag === "Postgres") yield* Databases.administer(template.url, "VACUUM ANALYZE")

  /** Only the service may have the embedded database open, so there it is asked itself. */
  const settledIn = Effect.fnUntraced(function* (copy: Database, url: string) {
    if (copy._tag === "Embedded") {
      const client = yield* Service.clientFor(url, tenant)
      const pending = client.webhooks.listDeliveries({ query: { state: "pending", limit: 1 } })
      return { settled: Effect.orDie(Effect.map(pending, ({ items }) => items.length === 0)) }
    }
    return { settled: Effect.orDie(Effect.provide(Backlog.settled, yield* Databases.connection(copy.url))) }
  })

  return side(
    Effect.gen(function* () {
      const copy = yield* Databases.copyOf(template)
      yield* receiver.reset({ mark: size.warmUp, from: 0, to: 0 })
      const rate = yield* Effect.gen(function* () {
        const { ended, url } = yield* Service.start(copy)
        const { settled } = yield* settledIn(copy, url)
        return yield* Effect.raceFirst(timed(receiver, size, settled), ended)
      }).pipe(Effect.scoped)
      return yield* judged(receiver, size, rate, yield* Effect.provide(Backlog.succeeded, Sql.layer(copy)))
    }).pipe(Effect.scoped)
  )
})

/** The baseline, likewise, with either of its workers. */
const baseline = Effect.fnUntraced(function* (
  template: Databases.Postgres,
  receiver: Receiver.Receiver,
  size: Size
) {
  yield* Baseline.furnish(template, receiver.urls)
  yield* Baseline.seed(template, receiver.urls.length, size.total)
  yield* Databases.administer(template.url, "VACUUM ANALYZE")

  return (variant: Variant) =>
    Effect.gen(function* () {
      const copy = yield* Databases.copyOnServer(template)
      const connection = yield* Databases.connection(copy.url)
      yield* receiver.reset({ mark: size.warmUp, from: 0, to: 0 })
      const rate = yield* Baseline.startWorker(copy, variant).pipe(
        Effect.andThen(timed(receiver, size, Effect.provide(Baseline.settled, connection))),
        Effect.scoped
      )
      return yield* judged(receiver, size, rate, yield* Effect.provide(Baseline.succeeded, connection))
    }).pipe(Effect.scoped)
})

const medianOf = (runs: ReadonlyArray<Run> | undefined) =>
  runs === undefined ? null : Math.round(median(runs.map(({ rate }) => rate)))

/**
 * A backlog of deliveries over many endpoints, drained: ours and both baselines on the server, and ours on the
 * embedded database, in turns. Without a server only the last.
 */
export const outbound = Effect.fnUntraced(function* (
  server: Redacted.Redacted | undefined,
  { alternations, deliveries, endpoints }: Options
) {
  const warmUp = Math.ceil(deliveries * warmUpShare)
  const size: Size = { warmUp, total: warmUp + deliveries }
  yield* printMachine
  yield* Console.log(
    `A backlog of ${size.total} deliveries to ${endpoints} endpoints, each of 500 bytes. The clock runs from the ` +
      `arrival of number ${warmUp} until all have arrived and are settled in the database.`
  )
  if (server !== undefined) yield* printBaseline
  const receiver = yield* Receiver.start(endpoints)

  yield* Console.log("Preparing the databases")
  const onServer = Effect.fnUntraced(function* (server: Redacted.Redacted) {
    const oursThere = yield* ours(yield* Databases.onServer(server), receiver, size)
    const baselineRun = yield* baseline(yield* Databases.onServer(server), receiver, size)
    return { ours: oursThere, baseline: side(baselineRun("baseline")), eager: side(baselineRun("eager")) }
  })
  const sides: Partial<Effect.Success<ReturnType<typeof onServer>>> =
    server === undefined ? {} : yield* onServer(server)
  const embedded = yield* ours(yield* Databases.embedded, receiver, size)
  const all = { ...sides, embedded }
  for (const alternation of Arr.range(1, alternations)) {
    for (const [name, { once, runs }] of Object.entries(all)) {
      const run = yield* once
      runs.push(run)
      const faults = `${run.lost} lost, ${run.duplicates} twice`
      yield* Console.log(`  ${alternation}  ${name.padEnd(8)}  ${Math.round(run.rate)}/s, ${faults}`)
    }
  }

  const runs = Object.values(all).flatMap(({ runs }) => runs)
  const lost = Number.sumAll(runs.map((run) => run.lost))
  const duplicates = Number.sumAll(runs.map((run) => run.duplicates))
  const figures = {
    ours: medianOf((sides.ours ?? embedded).runs),
    baseline: medianOf(sides.baseline?.runs),
    eager: medianOf(sides.eager?.runs),
    embedded: medianOf(embedded.runs)
  }
  yield* printResult(
    {
      name: "outbound",
      ...figures,
      ratio: ratioOf(figures.ours, figures.baseline),
      ratioToEager: ratioOf(figures.ours, figures.eager),
      unit: "deliveries/s",
      deliveries,
      endpoints,
      alternations,
      warmUp,
      runs: Object.fromEntries(
        Object.entries(all).map(([name, { runs }]) => [name, runs.map(({ rate }) => Math.round(rate))])
      ),
      lost,
      duplicates
    },
    lost === 0 && duplicates === 0
  )
}, Effect.scoped)
