import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { Deferred, Effect, Redacted, Schedule } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { freePort } from "../../../../scripts/FreePort.ts"
import type { Database } from "../../src/Config.ts"
import * as TestDatabase from "./TestDatabase.ts"

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url))

/** The service with the handlers in code `ledger`, which is transactional, and `journal`. */
export const withHandlers = fileURLToPath(new URL("../../../../scripts/chaos/service.ts", import.meta.url))

/** The operator's key of every process under test. */
const rootKey = Redacted.make("doi_root_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG")

/** How a process ended; `code` is null when a signal ended it. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The service as a process of its own. */
export interface ServiceProcess {
  readonly url: string
  /** Everything it wrote so far, to either stream. */
  readonly output: () => string
  readonly kill: (signal: "SIGTERM" | "SIGKILL") => Effect.Effect<void>
  readonly ended: Effect.Effect<Ended>
}

/** The settings of a process on `database`: receivers on the loopback are allowed. */
export const environment = (database: Database): Record<string, string> => ({
  ...TestDatabase.environment(database),
  ROOT_API_KEY: Redacted.value(rootKey),
  MASTER_KEYS: `test:${Buffer.alloc(32, 7).toString("base64")}`,
  EGRESS_ALLOW: "127.0.0.1/32",
  RATE_LIMIT: "100000"
})

const spawned = (env: Record<string, string>, entry: string) =>
  Effect.sync(() => {
    const child = spawn(process.execPath, ["--conditions=@do-integrations/source", entry, "serve"], {
      env,
      stdio: ["ignore", "pipe", "pipe"]
    })
    const ended = Deferred.makeUnsafe<Ended>()
    const chunks: Array<Buffer> = []
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk))
    child.once("close", (code, signal) => Deferred.doneUnsafe(ended, Effect.succeed({ code, signal })))
    return { child, ended, output: () => Buffer.concat(chunks).toString() }
  })

const kill = (child: ChildProcess, signal: NodeJS.Signals) => Effect.sync(() => void child.kill(signal))

/**
 * Starts the service with these settings and a free port; it dies with the scope.
 *
 * @param entry the entry point, where it is not that of `npm start`
 */
export const launch = Effect.fnUntraced(function* (env: Record<string, string>, entry = main) {
  const port = yield* freePort
  const { child, ended, output } = yield* Effect.acquireRelease(
    spawned({ PORT: String(port), ...env }, entry),
    ({ child, ended }) => Effect.andThen(kill(child, "SIGKILL"), Deferred.await(ended))
  )
  return {
    url: `http://127.0.0.1:${port}`,
    output,
    kill: (signal) => kill(child, signal),
    ended: Deferred.await(ended)
  } satisfies ServiceProcess
})

/** Waits until the service answers; a process that ends before is a defect with all that it wrote. */
export const ready = ({ ended, output, url }: ServiceProcess) =>
  Effect.tryPromise(() => fetch(`${url}/readyz`)).pipe(
    Effect.filterOrFail((response) => response.ok),
    Effect.retry(Schedule.spaced("20 millis")),
    Effect.raceFirst(
      Effect.flatMap(ended, () => Effect.die(new Error(`The service ended at its start:\n${output()}`)))
    ),
    Effect.timeoutOrElse({
      duration: "60 seconds",
      orElse: () => Effect.die(new Error(`The service did not become ready:\n${output()}`))
    })
  )

/** Starts the service and waits until it answers. */
export const start = Effect.fnUntraced(function* (env: Record<string, string>) {
  const service = yield* launch(env)
  yield* ready(service)
  return service
})

/** A client of the service at `url` that tries each request once. */
export const clientOf = (url: string, apiKey: Redacted.Redacted) =>
  IntegrationsClient.make({ baseUrl: url, apiKey, retry: false })

/** A new tenant of the service at `url`, with its first key. */
export const newTenant = Effect.fnUntraced(function* (url: string, name: string) {
  const root = yield* clientOf(url, rootKey)
  const { apiKey, tenant } = yield* Effect.orDie(root.tenants.createTenant({ payload: { name } }))
  return { id: tenant.id, key: apiKey.secret, client: yield* clientOf(url, apiKey.secret) }
})
