import type { Database } from "@do-integrations/server/Config"
import { Array as Arr, Console, Effect, Number, Redacted, type Scope } from "effect"
import type { Variant } from "./baseline/Settings.ts"
import * as Baseline from "./Baseline.ts"
import * as Databases from "./Databases.ts"
import * as Loader from "./Loader.ts"
import type { Latencies } from "./Protocol.ts"
import * as Receiver from "./Receiver.ts"
import { printBaseline, printMachine, printResult } from "./Report.ts"
import * as Service from "./Service.ts"
import { median, ratioOf } from "./Statistics.ts"

/** Milliseconds of each load that are not counted. */
const warmUp = 5000

/** Events a second of the first measurement of latency; the second is at half of the baseline's sustained rate. */
const calm = 100

/** What is published, and how often. */
export interface Options {
  /** That the sustained rate is measured over. */
  readonly seconds: number
  /** That latencies are measured over. */
  readonly latencySeconds: number
  readonly endpoints: number
  readonly connections: number
  readonly backlog: number
  readonly alternations: number
}

const baselineKey = Redacted.make("baseline_0123456789abcdefghijklmnopqrstuvwxyz")

/** Ours: prepared once, started on a copy each time. */
const ours = Effect.fnUntraced(function* (template: Database, urls: ReadonlyArray<string>) {
  const { key } = yield* Service.furnish(template, urls)
  const start = Effect.gen(function* () {
    const { url } = yield* Service.start(yield* Databases.copyOf(template))
    return { url, key } satisfies Loader.Target
  })
  // No run to compare begins without it.
  return { start: Effect.orDie(start) }
})

/** The baseline, likewise, with either of its workers. */
const baseline = Effect.fnUntraced(function* (template: Databases.Postgres, urls: ReadonlyArray<string>) {
  yield* Baseline.furnish(template, urls)
  const start = (variant: Variant) => ({
    start: Effect.gen(function* () {
      const copy = yield* Databases.copyOnServer(template)
      yield* Baseline.startWorker(copy, variant)
      return { url: yield* Baseline.startServer(copy, baselineKey), key: baselineKey } satisfies Loader.Target
    })
  })
  return { baseline: start("baseline"), eager: start("eager") }
})

/** What one load came to. */
interface Run {
  /** Events a second that were both accepted and delivered. */
  readonly rate: number
  readonly left: number
  readonly duplicates: number
  readonly latencies: Latencies
}

const percentilesOf = (runs: ReadonlyArray<Run>) => ({
  p50: Number.round(median(runs.map(({ latencies }) => latencies.p50)), 2),
  p99: Number.round(median(runs.map(({ latencies }) => latencies.p99)), 2)
})

const rateOf = (runs: ReadonlyArray<Run> | undefined) =>
  runs === undefined ? null : Math.round(median(runs.map(({ rate }) => rate)))

/**
 * Events published over HTTP and delivered, ours and both baselines in turns: the highest rate that is sustained, and
 * then the time from publishing to the receiver at rates that all of them sustain. Without a server ours alone, on the
 * embedded database.
 */
export const publish = Effect.fnUntraced(function* (server: Redacted.Redacted | undefined, options: Options) {
  const { alternations, backlog, connections, endpoints, latencySeconds, seconds } = options
  yield* printMachine
  yield* Console.log(
    `Events of 500 bytes at ${connections} connections, each for one of ${endpoints} endpoints. The sustained rate is ` +
      `the lesser of what was accepted and what arrived in ${seconds} s after ${warmUp / 1000} s of warm-up, while ` +
      `at most ${backlog} are on their way: beyond that the loader waits. Then the milliseconds from when an event ` +
      `was due to be published to its arrival, over ${latencySeconds} s, at a constant rate`
  )
  if (server !== undefined) yield* printBaseline
  const receiver = yield* Receiver.start(endpoints)
  const load = yield* Loader.start(receiver)
  const sides =
    server === undefined
      ? { ours: yield* ours(yield* Databases.embedded, receiver.urls) }
      : {
          ours: yield* ours(yield* Databases.onServer(server), receiver.urls),
          ...(yield* baseline(yield* Databases.onServer(server), receiver.urls))
        }

  const runOf = Effect.fnUntraced(function* <E, R>(
    start: Effect.Effect<Loader.Target, E, R | Scope.Scope>,
    rate: number
  ) {
    const duration = 1000 * (rate === 0 ? seconds : latencySeconds)
    const { delivered, latencies, left, published } = yield* start.pipe(
      Effect.flatMap((target) => load(target, { warmUp, duration, connections, rate, backlog })),
      Effect.scoped
    )
    const { duplicates } = yield* receiver.counts
    return { rate: Math.min(published, delivered), left, duplicates, latencies } satisfies Run
  })

  /** All sides in turns at this rate, or as fast as they can at 0. */
  const alternate = Effect.fnUntraced(function* (rate: number) {
    const all: Record<string, Array<Run>> = {}
    for (const alternation of Arr.range(1, alternations)) {
      for (const [name, { start }] of Object.entries(sides)) {
        const run = yield* runOf(start, rate)
        ;(all[name] ??= []).push(run)
        const { max, p50, p99 } = run.latencies
        const faults = `${run.left} left after the grace, ${run.duplicates} twice`
        yield* Console.log(
          `  ${alternation}  ${name.padEnd(8)}  ${Math.round(run.rate)}/s, ${faults}; ` +
            `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, at most ${max.toFixed(1)} ms`
        )
      }
    }
    return all
  })

  const latencyAt = Effect.fnUntraced(function* (rate: number) {
    yield* Console.log(`At ${rate} events a second`)
    const all = yield* alternate(rate)
    return {
      all,
      figures: {
        rate,
        ...Object.fromEntries(Object.entries(all).map(([name, runs]) => [name, percentilesOf(runs)]))
      }
    }
  })

  yield* Console.log("As fast as they are answered and delivered")
  const sustained = yield* alternate(0)
  const figures = {
    ours: rateOf(sustained["ours"]),
    baseline: rateOf(sustained["baseline"]),
    eager: rateOf(sustained["eager"])
  }
  const atCalm = yield* latencyAt(calm)
  const atHalf = yield* latencyAt(Math.round((figures.baseline ?? figures.ours ?? 0) / 2))

  const runs = [sustained, atCalm.all, atHalf.all].flatMap((all) => Object.values(all).flat())
  const duplicates = Number.sumAll(runs.map((run) => run.duplicates))
  const left = Object.fromEntries(
    Object.entries(sustained).map(([name, runs]) => [name, Math.max(...runs.map(({ left }) => left))])
  )
  yield* printResult(
    {
      name: "publish",
      ...figures,
      ratio: ratioOf(figures.ours, figures.baseline),
      ratioToEager: ratioOf(figures.ours, figures.eager),
      unit: "events/s",
      database: server === undefined ? "embedded" : "postgres",
      latency: { unit: "ms", calm: atCalm.figures, half: atHalf.figures },
      ...options,
      runs: Object.fromEntries(
        Object.entries(sustained).map(([name, runs]) => [name, runs.map(({ rate }) => Math.round(rate))])
      ),
      left,
      duplicates
    },
    duplicates === 0 && left["ours"] === 0
  )
}, Effect.scoped)
