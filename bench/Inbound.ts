import type { Database } from "@do-integrations/server/Config"
import * as Sql from "@do-integrations/server/Sql"
import { rowsOf } from "@do-integrations/server/Sql/Rows"
import { Array as Arr, Console, Effect, Number, Option, Redacted, Schema, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import { freePort } from "../scripts/FreePort.ts"
import { messagesTable, poolSize } from "./baseline/Settings.ts"
import * as Databases from "./Databases.ts"
import * as Peer from "./Peer.ts"
import type { Latencies } from "./Protocol.ts"
import { printMachine, printResult } from "./Report.ts"
import * as Sender from "./Sender.ts"
import * as Service from "./Service.ts"
import { median, ratioOf } from "./Statistics.ts"

/** What is sent, and how often. */
export interface Options {
  /** That requests are counted over. */
  readonly seconds: number
  /** Seconds before that. */
  readonly warmUp: number
  readonly connections: number
  readonly alternations: number
  /** Where CPU profiles of the service go. */
  readonly profile: Option.Option<string>
}

/** One run of one side. */
interface Run {
  /** Requests a second. */
  readonly rate: number
  readonly latencies: Latencies
  /** Messages that were answered 2xx and are not stored. */
  readonly lost: number
}

const secret = Redacted.make(`whsec_${Buffer.alloc(32, 5).toString("base64")}`)

const Ready = Schema.Struct({ ready: Schema.Boolean })
const stored = rowsOf(Schema.Struct({ count: Schema.Int }))

/** Starts a server in a file of this folder; answers with its URL. It ends with the scope. */
const startServer = Effect.fnUntraced(function* (file: string, env: Record<string, string>) {
  const port = yield* freePort
  yield* (yield* Peer.start(file, { env: { ...env, PORT: String(port), NODE_ENV: "production" } })).hear(
    Ready
  )
  return `http://127.0.0.1:${port}`
})

/** Ours: prepared once, started on a copy each time. */
const ours = Effect.fnUntraced(function* (template: Database, profile: Option.Option<string>) {
  const path = yield* Effect.gen(function* () {
    const { url } = yield* Service.start(template)
    const client = yield* Service.clientFor(url, yield* Service.newTenant(url))
    const payload = { name: "Benchmark", scheme: { type: "standard" }, secrets: [secret] } as const
    const created = yield* client.webhooks.createInboundWebhook({ headers: {}, payload })
    return new URL(Redacted.value(created.url)).pathname
  }).pipe(Effect.scoped)
  const flags = Option.match(profile, {
    onNone: () => [],
    onSome: (directory) => ["--cpu-prof", `--cpu-prof-dir=${directory}`]
  })
  return {
    database: Databases.copyOf(template),
    start: (database: Database) =>
      Effect.map(Service.start(database, { flags }), ({ url }) => `${url}${path}`),
    /** Messages that are there with their event. */
    stored: `
      SELECT least((SELECT count(DISTINCT external_id) FROM messages),
        (SELECT count(*) FROM events WHERE type = 'webhook:received'))::int AS count`
  }
})

/** The baseline, likewise. */
const baseline = Effect.fnUntraced(function* (template: Databases.Postgres) {
  yield* Databases.administer(template.url, messagesTable)
  return {
    database: Databases.copyOnServer(template),
    start: ({ url }: Databases.Postgres) =>
      Effect.map(
        startServer("./baseline/ingress.ts", {
          DATABASE_URL: Redacted.value(url),
          SECRET: Redacted.value(secret)
        }),
        (url) => `${url}/webhooks`
      ),
    stored: "SELECT count(DISTINCT external_id)::int AS count FROM messages"
  }
})

const rateOf = (runs: ReadonlyArray<Run> | undefined) =>
  runs === undefined ? null : Math.round(median(runs.map(({ rate }) => rate)))

const percentilesOf = (runs: ReadonlyArray<Run>) => ({
  p50: Number.round(median(runs.map(({ latencies }) => latencies.p50)), 2),
  p99: Number.round(median(runs.map(({ latencies }) => latencies.p99)), 2)
})

/**
 * Signed webhooks, verified and stored before they are answered: ours and the baseline in turns. Without a server ours
 * alone, on the embedded database.
 */
export const inbound = Effect.fnUntraced(function* (
  server: Redacted.Redacted | undefined,
  { alternations, connections, profile, seconds, warmUp }: Options
) {
  yield* printMachine
  yield* Console.log(
    `Standard Webhooks of half a kilobyte to one, each with an id of its own, at ${connections} connections that ` +
      `each wait for their answer: answers over ${seconds} s after ${warmUp} s of warm-up, and the milliseconds from ` +
      "sending to the answer. Afterwards everything that was answered 2xx has to be in the database"
  )
  const send = yield* Sender.start
  const load = { warmUp: 1000 * warmUp, duration: 1000 * seconds, connections }

  const bare = yield* startServer("./processes/bare.ts", {}).pipe(
    Effect.flatMap((url) => send({ url, secret }, { ...load, warmUp: 1000, duration: 3000 })),
    Effect.scoped
  )
  yield* Console.log(`To a server that only answers, ${Math.round(bare.rate)}/s are sent`)
  if (server !== undefined) {
    yield* Console.log(
      `The baseline: Express 5, standardwebhooks, and one INSERT for each request by node-postgres with ${poolSize} ` +
        "connections, the sender's id being unique"
    )
  }

  const run = Effect.fnUntraced(function* <D extends Database, E1, R1, E2, R2>(side: {
    /** A database of its own for a run. */
    readonly database: Effect.Effect<D, E1, R1>
    /** Starts the side there until the scope ends. Answers with where it takes webhooks. */
    readonly start: (database: D) => Effect.Effect<string, E2, R2 | Scope.Scope>
    /** Counts the different messages that are there, as `count`. */
    readonly stored: string
  }) {
    const database = yield* side.database
    const { accepted, latencies, rate } = yield* side.start(database).pipe(
      Effect.flatMap((url) => send({ url, secret }, load)),
      Effect.scoped
    )
    const [row] = yield* SqlClient.SqlClient.use((sql) => sql.unsafe(side.stored)).pipe(
      Effect.flatMap(stored),
      Effect.provide(Sql.layer(database))
    )
    return { rate, latencies, lost: accepted - (row?.count ?? 0) } satisfies Run
  }, Effect.scoped)

  const oursThere = run(
    yield* ours(yield* server === undefined ? Databases.embedded : Databases.onServer(server), profile)
  )
  const sides =
    server === undefined
      ? { ours: oursThere }
      : { ours: oursThere, baseline: run(yield* baseline(yield* Databases.onServer(server))) }
  const all: Record<string, Array<Run>> = {}
  for (const alternation of Arr.range(1, alternations)) {
    for (const [name, once] of Object.entries(sides)) {
      const { latencies, lost, rate } = yield* once
      ;(all[name] ??= []).push({ latencies, lost, rate })
      yield* Console.log(
        `  ${alternation}  ${name.padEnd(8)}  ${Math.round(rate)}/s, ${lost} lost; p50 ${latencies.p50.toFixed(1)} ms, ` +
          `p99 ${latencies.p99.toFixed(1)} ms, at most ${latencies.max.toFixed(1)} ms`
      )
    }
  }

  const figures = { ours: rateOf(all["ours"]), baseline: rateOf(all["baseline"]) }
  const lost = Number.sumAll(Object.values(all).flatMap((runs) => runs.map((run) => run.lost)))
  yield* printResult(
    {
      name: "inbound",
      ...figures,
      ratio: ratioOf(figures.ours, figures.baseline),
      unit: "requests/s",
      database: server === undefined ? "embedded" : "postgres",
      latency: {
        unit: "ms",
        ...Object.fromEntries(Object.entries(all).map(([name, runs]) => [name, percentilesOf(runs)]))
      },
      seconds,
      warmUp,
      connections,
      alternations,
      runs: Object.fromEntries(
        Object.entries(all).map(([name, runs]) => [name, runs.map(({ rate }) => Math.round(rate))])
      ),
      sender: Math.round(bare.rate),
      lost
    },
    lost === 0
  )
}, Effect.scoped)
