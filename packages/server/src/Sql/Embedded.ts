import type { PGliteOptions } from "@electric-sql/pglite"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { PgClient } from "@effect/sql-pg"
import { Effect, FileSystem, Layer, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { join } from "node:path"
import { acquire, type DataDirectoryInUse, DataDirectoryUnusable } from "./DirectoryLock.ts"
import { makeSockets } from "./Embedded/Session.ts"

/** PGlite did not start. */
export class EmbeddedUnavailable extends Schema.TaggedError<EmbeddedUnavailable>()("EmbeddedUnavailable", {
  reason: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return `The embedded database did not start: ${this.reason}`
  }
}

const unavailable = (cause: unknown) =>
  new EmbeddedUnavailable({ reason: cause instanceof Error ? cause.message : String(cause), cause })

/** Starts PGlite, loaded only here so that users of a Postgres server never pay for it. */
const start = (options: PGliteOptions) =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const { PGlite } = await import("@electric-sql/pglite")
        return await PGlite.create(options)
      },
      catch: unavailable
    }),
    (engine) => Effect.promise(() => engine.close())
  )

/**
 * The one connection to the one session that PGlite has. `LISTEN` and a stream that stays open would keep
 * everyone else waiting, so neither belongs here.
 */
const client = Effect.fnUntraced(function* (options: PGliteOptions) {
  const engine = yield* start(options)
  return PgClient.layer({
    stream: makeSockets(engine),
    username: "postgres",
    database: "postgres",
    minConnections: 1,
    maxConnections: 1,
    idleTimeout: "Infinity",
    connectTimeout: "30 seconds",
    multiplex: true,
    multiplexConcurrency: 128
  }).pipe(Layer.catchTag("SqlError", (error) => Layer.effectContext(Effect.fail(unavailable(error)))))
})

/** Opens the cluster inside the data directory, making it on the first start. Answers where it lies. */
const prepare = Effect.fnUntraced(
  function* (dataDir: string) {
    const fs = yield* FileSystem.FileSystem
    yield* acquire(dataDir)
    const cluster = join(dataDir, "postgres")
    if (yield* fs.exists(cluster)) return cluster
    // A first start that is killed half way must not leave a directory that looks like a database.
    const unfinished = join(dataDir, "postgres.new")
    yield* fs.remove(unfinished, { recursive: true, force: true })
    yield* Effect.scoped(start({ dataDir: unfinished }))
    yield* fs.rename(unfinished, cluster)
    return cluster
  },
  (effect, dataDir) =>
    Effect.catchTag(effect, "PlatformError", (error) =>
      Effect.fail(new DataDirectoryUnusable({ dataDir, reason: error.message }))
    )
)

/**
 * The database in a directory of this machine, with the same client and SQL as a Postgres server. Survives a
 * killed process; there is no fsync, so not a power cut.
 */
export const layer = (
  dataDir: string
): Layer.Layer<
  SqlClient.SqlClient | PgClient.PgClient,
  DataDirectoryInUse | DataDirectoryUnusable | EmbeddedUnavailable
> =>
  Layer.unwrap(Effect.flatMap(prepare(dataDir), (cluster) => client({ dataDir: cluster }))).pipe(
    Layer.provide(NodeFileSystem.layer)
  )

/** A database in memory, started from a dump of a data directory: a migrated copy for each test file. */
export const layerFromDump = (
  dump: Blob
): Layer.Layer<SqlClient.SqlClient | PgClient.PgClient, EmbeddedUnavailable> =>
  Layer.unwrap(client({ loadDataDir: dump }))

/** A dump of the database in a directory that nobody has open, for `layerFromDump`. */
export const dump = (
  dataDir: string
): Effect.Effect<Blob, DataDirectoryInUse | DataDirectoryUnusable | EmbeddedUnavailable> =>
  prepare(dataDir).pipe(
    Effect.flatMap((cluster) => start({ dataDir: cluster })),
    Effect.flatMap((engine) =>
      Effect.tryPromise({ try: () => engine.dumpDataDir("none"), catch: unavailable })
    ),
    Effect.scoped,
    Effect.provide(NodeFileSystem.layer)
  )
