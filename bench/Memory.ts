import type { Database } from "@do-integrations/server/Config"
import * as Sql from "@do-integrations/server/Sql"
import { rowsOf } from "@do-integrations/server/Sql/Rows"
import { Array as Arr, Console, Effect, Number, type Redacted, Schedule, Schema } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { SqlClient } from "effect/sql"
import { fileURLToPath } from "node:url"
import { freePort } from "../scripts/FreePort.ts"
import * as Databases from "./Databases.ts"
import { now } from "./Monotonic.ts"
import * as Recorder from "./Recorder.ts"
import { printMachine, printResult } from "./Report.ts"
import * as Service from "./Service.ts"
import { type Series, seriesOf } from "./Statistics.ts"

/** Requests that an endpoint may have under way at a time. */
const concurrency = 4

/** How much longer than its timeout an attempt may be recorded to have taken, in milliseconds. */
const slack = 2000

/** How much the memory in use may grow in a minute, as a share of what there was. */
const tolerance = 0.05

/** What the service is made to stand. */
export interface Options {
  readonly endpoints: number
  readonly seconds: number
  readonly warmUp: number
  /** Of each attempt. */
  readonly timeout: number
}

const Memory = Schema.Struct({ rss: Schema.Finite, heap: Schema.Finite, external: Schema.Finite })

const Attempts = Schema.Struct({ error: Schema.String, count: Schema.Int, longest: Schema.Int })

const probe = fileURLToPath(new URL("./processes/memoryProbe.ts", import.meta.url))

/** The attempts that were recorded by their error, in a database that nobody has open. */
const attemptsIn = (database: Database) =>
  SqlClient.SqlClient.use(
    (sql) => sql`
      SELECT coalesce(error, 'none') AS error, count(*)::int AS count, max(duration_ms) AS longest
      FROM attempts GROUP BY 1 ORDER BY 2 DESC`
  ).pipe(Effect.flatMap(rowsOf(Attempts)), Effect.provide(Sql.layer(database)))

const megabytes = ({ end, max, slope, start }: Series) => {
  const mb = (bytes: number) => Number.round(bytes / 2 ** 20, 1)
  return { start: mb(start), end: mb(end), max: mb(max), perMinute: mb(slope * 60_000) }
}

/**
 * The service's memory while many receivers feed it their answers drop by drop, without end, and events keep coming:
 * flat, and each attempt ends with its timeout.
 */
export const memory = Effect.fnUntraced(function* (server: Redacted.Redacted | undefined, options: Options) {
  const { endpoints, seconds, timeout, warmUp } = options
  yield* printMachine
  yield* Console.log(
    `${endpoints} endpoints answer a byte a second without end; an event for all of them comes each second, ` +
      `${concurrency} requests at a time to each, ${timeout} s each. Memory over ${seconds} s after ${warmUp} s of ` +
      "warm-up; heap and external are what is in use after a garbage collection"
  )
  const database = yield* server === undefined ? Databases.embedded : Databases.onServer(server)
  const recorder = yield* Recorder.start(Arr.replicate({ _tag: "Drip" } as const, endpoints))

  const samples = yield* Effect.gen(function* () {
    const port = yield* freePort
    const { ended, url } = yield* Service.start(database, {
      env: { MEMORY_PORT: String(port) },
      flags: ["--expose-gc", `--import=${probe}`]
    })
    const { key } = yield* Service.newTenant(url)
    const client = yield* Service.clientFor(url, { key })
    yield* Effect.forEach(recorder.urls, (url) =>
      client.webhooks.createOutboundWebhook({
        headers: {},
        payload: { url, eventTypes: ["bench.*"], concurrency, timeoutSeconds: timeout }
      })
    )
    yield* client.events
      .publishEvent({ headers: {}, payload: { type: "bench.drip", data: {} } })
      .pipe(Effect.repeat(Schedule.spaced("1 second")), Effect.forkScoped)
    yield* Effect.sleep(1000 * warmUp)
    const samples: Array<typeof Memory.Type & { readonly at: number }> = []
    const sample = HttpClient.get(`http://127.0.0.1:${port}`).pipe(
      Effect.flatMap(HttpClientResponse.schemaBodyJson(Memory)),
      Effect.tap((memory) => Effect.sync(() => void samples.push({ ...memory, at: now() })))
    )
    const times = Schedule.spaced("1 second").pipe(Schedule.upTo({ times: seconds }))
    yield* Effect.raceFirst(Effect.repeat(sample, times), ended)
    return samples
  }).pipe(Effect.scoped)

  const attempts = yield* attemptsIn(database)
  const series = (name: "rss" | "heap" | "external") =>
    seriesOf(samples.map((sample) => ({ at: sample.at, value: sample[name] })))
  const [heap, external, rss] = [series("heap"), series("external"), series("rss")]
  const inUse = seriesOf(samples.map(({ at, external, heap }) => ({ at, value: heap + external })))
  const flat = inUse.slope * 60_000 <= tolerance * inUse.start
  const bounded = attempts.every(
    ({ error, longest }) => error === "Timeout" && longest <= 1000 * timeout + slack
  )
  yield* printResult(
    {
      name: "memory",
      ours: megabytes(inUse).perMinute,
      baseline: null,
      ratio: null,
      unit: "MiB/min",
      database: server === undefined ? "embedded" : "postgres",
      ...options,
      rss: megabytes(rss),
      heap: megabytes(heap),
      external: megabytes(external),
      attempts,
      requests: yield* recorder.total,
      flat,
      bounded
    },
    flat && bounded && attempts.length > 0
  )
}, Effect.scoped)
