import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { cp, mkdtemp, rm } from "node:fs/promises"
import { openAsBlob } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inject } from "vitest"
import type { Database } from "../../src/Config.ts"
import * as Embedded from "../../src/Sql/Embedded.ts"
import * as Sql from "../../src/Sql.ts"

/** The migrated database that one test run makes and every test copies. */
export type Template =
  | { readonly _tag: "Embedded"; readonly dataDir: string; readonly dump: string }
  | { readonly _tag: "Postgres"; readonly url: string; readonly name: string }

declare module "vitest" {
  interface ProvidedContext {
    readonly testDatabase: Template
  }
}

/** The URL of another database of the same server. */
export const urlOf = (server: string, database: string): Redacted.Redacted => {
  const url = new URL(server)
  url.pathname = `/${database}`
  return Redacted.make(url.href)
}

/** Runs one statement that no transaction may hold, such as `CREATE DATABASE`, on the server of `url`. */
export const administer = (url: string, statement: string) =>
  SqlClient.SqlClient.use((sql) => sql.unsafe(statement)).pipe(
    Effect.provide(PgClient.layer({ url: Redacted.make(url), maxConnections: 1 })),
    Effect.orDie
  )

/** A directory that goes away with the scope. */
export const temporaryDirectory = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "do-integrations-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

const copyOfServerDatabase = Effect.fnUntraced(function* (url: string, template: string) {
  const name = `${template}_${randomUUID().slice(0, 8)}`
  yield* Effect.acquireRelease(administer(url, `CREATE DATABASE ${name} TEMPLATE ${template}`), () =>
    administer(url, `DROP DATABASE ${name} WITH (FORCE)`)
  )
  return { _tag: "Postgres", url: urlOf(url, name) } as const
})

/** A migrated database for tests that start whole processes; it goes away with the scope. */
export const fresh: Effect.Effect<Database, never, Scope.Scope> = Effect.gen(function* () {
  const template = inject("testDatabase")
  if (template._tag === "Postgres") return yield* copyOfServerDatabase(template.url, template.name)
  const dataDir = join(yield* temporaryDirectory, "data")
  yield* Effect.promise(() => cp(template.dataDir, dataDir, { recursive: true }))
  return { _tag: "Embedded", dataDir }
})

/** The settings under which a process opens `database`. */
export const environment = (database: Database): Record<string, string> =>
  database._tag === "Embedded"
    ? { DATA_DIR: database.dataDir, KEYS_DIR: join(database.dataDir, "../keys") }
    : { DATABASE_URL: Redacted.value(database.url) }

/** A migrated database of the test file's own: in memory, or a copy on the server of `TEST_DATABASE_URL`. */
export const layer: Layer.Layer<Sql.Sql, Sql.Unavailable> = Layer.unwrap(
  Effect.gen(function* () {
    const template = inject("testDatabase")
    if (template._tag === "Postgres")
      return Sql.layer(yield* copyOfServerDatabase(template.url, template.name))
    const dump = yield* Effect.promise(() => openAsBlob(template.dump))
    return Layer.merge(Embedded.layerFromDump(dump), Sql.Topology.embedded)
  })
)
