import { Effect, FileSystem, Option, Schema, type Scope } from "effect"
import { join } from "node:path"

/** The data directory already has an owner: another process, or another service in this one. */
export class DataDirectoryInUse extends Schema.TaggedError<DataDirectoryInUse>()("DataDirectoryInUse", {
  dataDir: Schema.String,
  /** Process id that the owner left in the directory, when it could be read. */
  owner: Schema.Option(Schema.String)
}) {
  override get message() {
    const owner = Option.match(this.owner, {
      onNone: () => "another process",
      onSome: (pid) => `process ${pid}`
    })
    return (
      `The data directory ${this.dataDir} is in use by ${owner}. Stop it first, or set DATA_DIR to another directory; ` +
      `processes that share one database need DATABASE_URL.`
    )
  }
}

/** The data directory cannot be made, read or written. */
export class DataDirectoryUnusable extends Schema.TaggedError<DataDirectoryUnusable>()(
  "DataDirectoryUnusable",
  {
    dataDir: Schema.String,
    reason: Schema.String
  }
) {
  override get message() {
    return `The data directory ${this.dataDir} cannot be used: ${this.reason}`
  }
}

/**
 * Makes the directory and owns it until the scope closes.
 *
 * The lock is SQLite's exclusive one on a file of its own: the operating system takes it back however the
 * owner dies, `kill -9` included, and it also refuses a second owner within this process.
 */
export const acquire: (
  dataDir: string
) => Effect.Effect<void, DataDirectoryInUse | DataDirectoryUnusable, FileSystem.FileSystem | Scope.Scope> =
  Effect.fnUntraced(function* (dataDir) {
    const fs = yield* FileSystem.FileSystem
    const ownerFile = join(dataDir, "owner.pid")
    const unusable = (cause: unknown) =>
      new DataDirectoryUnusable({ dataDir, reason: cause instanceof Error ? cause.message : String(cause) })

    yield* fs.makeDirectory(dataDir, { recursive: true, mode: 0o700 }).pipe(Effect.mapError(unusable))
    const lock = yield* Effect.acquireRelease(
      Effect.tryPromise({ try: () => tryLock(join(dataDir, "lock.db")), catch: unusable }),
      (lock) => Effect.sync(() => lock?.[Symbol.dispose]())
    )
    if (lock === undefined) {
      const owner = yield* Effect.option(fs.readFileString(ownerFile))
      return yield* new DataDirectoryInUse({ dataDir, owner })
    }
    yield* fs.writeFileString(ownerFile, String(process.pid)).pipe(Effect.mapError(unusable))
  })

const SQLITE_BUSY = 5

const tryLock = async (path: string): Promise<Disposable | undefined> => {
  const { DatabaseSync } = await import("node:sqlite")
  const database = new DatabaseSync(path)
  try {
    database.exec("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
    return database
  } catch (cause) {
    database.close()
    if (cause instanceof Error && "errcode" in cause && cause.errcode === SQLITE_BUSY) return undefined
    throw cause
  }
}
