import type { Database } from "@do-integrations/server/Config"
import * as Sql from "@do-integrations/server/Sql"
import { Array as Arr, Console, Effect, Number, Record, type Redacted } from "effect"
import * as Backlog from "./Backlog.ts"
import * as Databases from "./Databases.ts"
import * as Loader from "./Loader.ts"
import type { Latencies } from "./Protocol.ts"
import * as Receiver from "./Receiver.ts"
import * as Recorder from "./Recorder.ts"
import { printMachine, printResult } from "./Report.ts"
import * as Service from "./Service.ts"
import { median, ratioOf } from "./Statistics.ts"

/** Milliseconds of each load that are not counted. */
const warmUp = 5000

/** What is published, and how often. */
export interface Options {
  readonly endpoints: number
  /** Those of them that take requests and never answer. */
  readonly hanging: number
  /** Deliveries that wait for the hanging ones. */
  readonly backlog: number
  /** Events a second to all the others together. */
  readonly rate: number
  readonly seconds: number
  readonly alternations: number
}

interface Run {
  readonly latencies: Latencies
  readonly left: number
  readonly duplicates: number
}

const round = Number.round(2)

const percentilesOf = (runs: ReadonlyArray<Run>) => ({
  p50: round(median(runs.map(({ latencies }) => latencies.p50))),
  p99: round(median(runs.map(({ latencies }) => latencies.p99)))
})

/** The databases of both sides: alike, but for the backlog of the hanging endpoints. */
const prepare = Effect.fnUntraced(function* (
  database: Database,
  urls: ReadonlyArray<string>,
  { backlog, hanging }: Options
) {
  const tenant = yield* Service.furnish(database, urls)
  const without = yield* Databases.copyOf(database)
  const hung = { ...tenant, endpoints: tenant.endpoints.slice(-hanging) }
  yield* Effect.provide(Backlog.seed(hung, backlog), Sql.layer(database))
  if (database._tag === "Postgres") yield* Databases.administer(database.url, "VACUUM ANALYZE")
  return { key: tenant.key, without, hanging: database }
})

/**
 * The time from publishing to the receiver for endpoints that are well, beside others that hang with a long backlog,
 * and without those. Two of the three runs of each alternation are alike: what they differ by is noise.
 */
export const isolation = Effect.fnUntraced(function* (
  server: Redacted.Redacted | undefined,
  options: Options
) {
  const { alternations, backlog, endpoints, hanging, rate, seconds } = options
  const well = endpoints - hanging
  yield* printMachine
  yield* Console.log(
    `${rate} events a second to ${well} endpoints over ${seconds} s, after ${warmUp / 1000} s of warm-up, beside ` +
      `${hanging} endpoints that never answer and have ${backlog} deliveries waiting; milliseconds from when an ` +
      "event was due to be published to its arrival"
  )
  const receiver = yield* Receiver.start(well)
  const load = yield* Loader.start(receiver)
  const recorder = yield* Recorder.start(Arr.replicate({ _tag: "Hang" } as const, hanging))
  const database = yield* server === undefined ? Databases.embedded : Databases.onServer(server)
  const sides = yield* prepare(database, [...receiver.urls, ...recorder.urls], options)

  const once = Effect.fnUntraced(function* (template: Database) {
    const { url } = yield* Service.start(yield* Databases.copyOf(template))
    const { latencies, left } = yield* load(
      { url, key: sides.key },
      { warmUp, duration: 1000 * seconds, connections: 64, rate, backlog: 0 }
    )
    const { duplicates } = yield* receiver.counts
    return { latencies, left, duplicates } satisfies Run
  }, Effect.scoped)

  const runs: Record<"without" | "hanging" | "again", Array<Run>> = { without: [], hanging: [], again: [] }
  for (const alternation of Arr.range(1, alternations)) {
    for (const name of ["without", "hanging", "again"] as const) {
      const run = yield* once(name === "hanging" ? sides.hanging : sides.without)
      runs[name].push(run)
      const { max, p50, p99 } = run.latencies
      yield* Console.log(
        `  ${alternation}  ${name.padEnd(8)}  p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ` +
          `at most ${max.toFixed(1)} ms; ${run.left} left after the grace, ${run.duplicates} twice`
      )
    }
  }

  const all = Object.values(runs).flat()
  const left = Number.sumAll(all.map(({ left }) => left))
  const duplicates = Number.sumAll(all.map(({ duplicates }) => duplicates))
  const figures = Record.map(runs, percentilesOf)
  const calm = percentilesOf([...runs.without, ...runs.again])
  yield* printResult(
    {
      name: "isolation",
      ours: figures.hanging.p99,
      baseline: calm.p99,
      ratio: ratioOf(figures.hanging.p99, calm.p99),
      ratioOfP50: ratioOf(figures.hanging.p50, calm.p50),
      /** Of like runs. */
      noise: ratioOf(figures.again.p99, figures.without.p99),
      unit: "ms (p99)",
      database: server === undefined ? "embedded" : "postgres",
      ...options,
      figures,
      hangingRequests: yield* recorder.total,
      left,
      duplicates
    },
    left === 0 && duplicates === 0
  )
}, Effect.scoped)
