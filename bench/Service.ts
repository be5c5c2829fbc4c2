import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import type { Database } from "@do-integrations/server/Config"
import { Console, Effect, Exit, Redacted, Schedule, Stream } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { ChildProcess } from "effect/process"
import { join } from "node:path"
import manifest from "../package.json" with { type: "json" }
import { freePort } from "../scripts/FreePort.ts"
import { BenchFailure } from "./BenchFailure.ts"

const rootKey = Redacted.make("doi_root_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG")

/** Waits until `url` answers. */
const answering = (url: string) =>
  HttpClient.get(url).pipe(
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.timeout("1 second"),
    Effect.retry(Schedule.spaced("20 millis")),
    Effect.timeoutOrElse({
      duration: "60 seconds",
      orElse: () => new BenchFailure({ problem: `${url} does not answer` })
    })
  )

interface Setting {
  readonly env?: Record<string, string>
  readonly flags?: ReadonlyArray<string>
}

const location = (database: Database): Record<string, string> =>
  database._tag === "Postgres"
    ? { DATABASE_URL: Redacted.value(database.url) }
    : { DATA_DIR: database.dataDir, KEYS_DIR: join(database.dataDir, "../keys") }

/**
 * The service as `npm start` runs it, in a process of its own. It is told to stop with the scope; `ended` fails should
 * it end before; `ready` waits until it answers.
 *
 * @param setting more settings of the environment, and flags of Node beside those of `npm start`
 */
export const launch = Effect.fnUntraced(function* (
  database: Database,
  { env = {}, flags = [] }: Setting = {}
) {
  const port = yield* freePort
  const [, ...args] = manifest.scripts.start.split(" ")
  const service = yield* ChildProcess.make(process.execPath, [...flags, ...args], {
    cwd: join(import.meta.dirname, ".."),
    env: {
      ...env,
      ...location(database),
      PORT: String(port),
      ROOT_API_KEY: Redacted.value(rootKey),
      MASTER_KEYS: `bench:${Buffer.alloc(32, 7).toString("base64")}`,
      // The receiver is on the loopback, which is refused otherwise.
      EGRESS_ALLOW: "127.0.0.1/32",
      RATE_LIMIT: "1000000"
    },
    stdin: "ignore",
    forceKillAfter: "15 seconds"
  })
  const output: Array<string> = []
  yield* Stream.decodeText(service.all).pipe(
    Stream.runForEach((text) => Effect.sync(() => void output.push(text))),
    Effect.forkScoped
  )
  yield* Effect.addFinalizer((exit) =>
    Exit.isFailure(exit) ? Console.error(`The service wrote:\n${output.join("")}`) : Effect.void
  )
  const url = `http://127.0.0.1:${port}`
  const ended = Effect.flatMap(
    service.exitCode,
    (code) => new BenchFailure({ problem: `The service ended with ${code}` })
  )
  return {
    url,
    pid: service.pid,
    ended,
    ready: Effect.raceFirst(answering(`${url}/readyz`), ended),
    /** `kill -9`; returns when the process has gone. */
    kill: service.kill({ killSignal: "SIGKILL" })
  }
})

/** The same, when it answers. */
export const start = Effect.fnUntraced(function* (database: Database, setting?: Setting) {
  const service = yield* launch(database, setting)
  yield* service.ready
  return service
})

const clientOf = (url: string, apiKey: Redacted.Redacted) =>
  IntegrationsClient.make({ baseUrl: url, apiKey, retry: false })

/** A new tenant of the service at `url`, with its key. */
export const newTenant = Effect.fnUntraced(function* (url: string) {
  const root = yield* clientOf(url, rootKey)
  const { apiKey, tenant } = yield* root.tenants.createTenant({ payload: { name: "Benchmark" } })
  return { id: tenant.id, key: apiKey.secret }
})

/** The tenant of the benchmark, in every copy of its database. */
export interface Tenant {
  readonly id: string
  readonly key: Redacted.Redacted
  /** The endpoint of the events of type `bench.e0`, `bench.e1` and so on. */
  readonly endpoints: ReadonlyArray<string>
}

/** A client of the service at `url` with the tenant's key. */
export const clientFor = (url: string, { key }: Pick<Tenant, "key">) => clientOf(url, key)

/** Makes an empty database one with a tenant that has an endpoint at each of the URLs. */
export const furnish = Effect.fnUntraced(function* (database: Database, urls: ReadonlyArray<string>) {
  const { url } = yield* start(database)
  const { id, key } = yield* newTenant(url)
  const client = yield* clientOf(url, key)
  const endpoints = yield* Effect.forEach(urls, (url, index) =>
    Effect.map(
      client.webhooks.createOutboundWebhook({ payload: { url, eventTypes: [`bench.e${index}`] } }),
      ({ id }) => id
    )
  )
  return { id, key, endpoints } satisfies Tenant
}, Effect.scoped)
