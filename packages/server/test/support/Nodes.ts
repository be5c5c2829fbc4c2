import { Effect, Option, type Redacted } from "effect"
import { randomUUID } from "node:crypto"
import { inject } from "vitest"
import { freePort } from "../../../../scripts/FreePort.ts"
import { environment, launch } from "./ServiceProcess.ts"
import { administer, urlOf } from "./TestDatabase.ts"

/** The server that the tests run on; undefined on the embedded database, which one process has to itself. */
export const postgresServer = (): string | undefined => {
  const template = inject("testDatabase")
  return template._tag === "Postgres" ? template.url : undefined
}

/** A database without any table, on the server that the tests run on. */
export const emptyDatabase = Effect.gen(function* () {
  const url = yield* Effect.orDie(Effect.fromOption(Option.fromNullishOr(postgresServer())))
  const name = `do_integrations_cluster_${randomUUID().slice(0, 8)}`
  yield* Effect.acquireRelease(administer(url, `CREATE DATABASE ${name}`), () =>
    administer(url, `DROP DATABASE ${name} WITH (FORCE)`)
  )
  return urlOf(url, name)
})

/** Starts a node of the cluster, of this entry point; it is not ready yet. */
export const node = Effect.fnUntraced(function* (url: Redacted.Redacted, entry?: string) {
  const settings = {
    ...environment({ _tag: "Postgres", url }),
    CLUSTER_HOST: "127.0.0.1",
    CLUSTER_PORT: String(yield* freePort)
  }
  return yield* launch(settings, entry)
})
