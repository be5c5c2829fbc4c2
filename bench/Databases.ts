import type { Database } from "@do-integrations/server/Config"
import { PgClient } from "@effect/sql-pg"
import { Effect, FileSystem, Layer, Path, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"

export type Postgres = Extract<Database, { readonly _tag: "Postgres" }>
type Embedded = Extract<Database, { readonly _tag: "Embedded" }>

/** Runs statements on the database at `url`, outside of any transaction. */
export const administer = (url: Redacted.Redacted, ...statements: ReadonlyArray<string>) =>
  SqlClient.SqlClient.use((sql) =>
    Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })
  ).pipe(Effect.provide(PgClient.layer({ url, maxConnections: 1 })))

/** One connection to the database at `url`, kept until the scope ends. */
export const connection = (url: Redacted.Redacted) => Layer.build(PgClient.layer({ url, maxConnections: 1 }))

const named = (server: Redacted.Redacted, name: string): Redacted.Redacted => {
  const url = new URL(Redacted.value(server))
  url.pathname = `/${name}`
  return Redacted.make(url.href)
}

/** Makes a database on the server of `server`, as the clause says, and drops it with the scope. */
const created = Effect.fnUntraced(function* (server: Redacted.Redacted, clause: string) {
  const name = `do_integrations_bench_${randomUUID().slice(0, 8)}`
  yield* Effect.acquireRelease(administer(server, `CREATE DATABASE ${name} ${clause}`), () =>
    Effect.orDie(administer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
  )
  return { _tag: "Postgres", url: named(server, name) } satisfies Postgres
})

/** An empty database of its own on the server at this URL; it goes with the scope. */
export const onServer = (server: Redacted.Redacted) => created(server, "")

/** An empty directory for the embedded database; it goes with the scope. */
export const embedded = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "do-integrations-bench-" })
  return { _tag: "Embedded", dataDir: path.join(directory, "data") } satisfies Embedded
})

/** A copy of a database that nobody has open, so that each run begins alike; it goes with the scope. */
export const copyOnServer = Effect.fnUntraced(function* ({ url }: Postgres) {
  const template = new URL(Redacted.value(url)).pathname.slice(1)
  const server = named(url, "postgres")
  const copy = yield* created(server, `TEMPLATE ${template} STRATEGY FILE_COPY`)
  yield* administer(server, "CHECKPOINT")
  return copy
})

/** The same of either kind. */
export const copyOf = Effect.fnUntraced(function* (database: Database) {
  if (database._tag === "Postgres") return yield* copyOnServer(database)
  const fs = yield* FileSystem.FileSystem
  const copy = yield* embedded
  yield* fs.copy(database.dataDir, copy.dataDir)
  return copy
})
