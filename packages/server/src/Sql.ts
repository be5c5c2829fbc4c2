import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Redacted, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { Database } from "./Config.ts"
import type { DataDirectoryInUse, DataDirectoryUnusable } from "./Sql/DirectoryLock.ts"
import * as Embedded from "./Sql/Embedded.ts"

/** The Postgres server of `DATABASE_URL` does not answer. Names it without its password. */
export class PostgresUnavailable extends Schema.TaggedError<PostgresUnavailable>()("PostgresUnavailable", {
  server: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `Postgres at ${this.server} (DATABASE_URL) cannot be used: ${this.reason}`
  }
}

/** What differs between the two databases for those who write and listen. */
export class Topology extends Context.Service<
  Topology,
  {
    /** Whether only this process sees the rows; then there is one connection and no `LISTEN`. */
    readonly embedded: boolean
    /** How many transactions gain from running at once: the number of committers of a group commit. */
    readonly committers: number
  }
>()("@do-integrations/server/Sql/Topology") {
  static readonly embedded = Layer.succeed(Topology, { embedded: true, committers: 1 })
  static readonly postgres = Layer.succeed(Topology, { embedded: false, committers: 2 })
}

/** What every layer of a database gives. */
export type Sql = SqlClient.SqlClient | PgClient.PgClient | Topology

/** Why a database could not be opened; each message says what to do and holds no secret. */
export type Unavailable =
  | PostgresUnavailable
  | DataDirectoryInUse
  | DataDirectoryUnusable
  | Embedded.EmbeddedUnavailable

/**
 * One statement at a time on each of ten connections. Sharing connections (`multiplex`) would put up to 32
 * statements behind one that waits for a lock, and none of them could be cancelled.
 */
const postgres = (
  url: Redacted.Redacted
): Layer.Layer<SqlClient.SqlClient | PgClient.PgClient, SqlError.SqlError> =>
  PgClient.layer({ url, applicationName: "do-integrations", maxConnections: 10 })

/** Connections are made when first needed, so this asks for one: a wrong URL shows at the start. */
const answering = Layer.effectDiscard(SqlClient.SqlClient.use((sql) => sql`SELECT 1`))

/** Opens the database that the settings name. */
export const layer = (database: Database): Layer.Layer<Sql, Unavailable> => {
  if (database._tag === "Embedded") return Layer.merge(Embedded.layer(database.dataDir), Topology.embedded)
  const { url } = database
  return answering.pipe(
    Layer.provideMerge(postgres(url)),
    Layer.catchTag("SqlError", (error) => Layer.effectContext(Effect.fail(postgresUnavailable(url, error)))),
    Layer.merge(Topology.postgres)
  )
}

const postgresUnavailable = (url: Redacted.Redacted, error: SqlError.SqlError) => {
  const parsed = URL.parse(Redacted.value(url))
  // A raw `/`, `?` or `#` in a password ends the host early: then any part of the URL may be part of the secret.
  if (parsed === null || `${parsed.pathname}${parsed.search}${parsed.hash}`.includes("@")) {
    const reason = "it is not a valid URL; special characters in a name or password must be percent-encoded"
    return new PostgresUnavailable({ server: "the given address", reason })
  }
  const { cause } = error.reason
  const detail = cause instanceof Error && !error.message.includes(cause.message) ? `: ${cause.message}` : ""
  return new PostgresUnavailable({
    server: `${parsed.hostname || "localhost"}:${parsed.port || 5432}${parsed.pathname}`,
    reason: `${error.message}${detail}`
  })
}
