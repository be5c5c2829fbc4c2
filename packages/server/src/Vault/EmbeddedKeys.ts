import { Effect, FileSystem, Option, Path, Redacted, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { Base64, Base64Url, Hex } from "effect/encoding"

/** The key files of the embedded database are missing, unusable or in the wrong place. */
export class EmbeddedKeysError extends Schema.TaggedError<EmbeddedKeysError>()("EmbeddedKeysError", {
  /** The file or the setting at fault. */
  source: Schema.String,
  problem: Schema.String
}) {
  override get message() {
    return `${this.source}: ${this.problem}`
  }
}

/** What the embedded database's key files hold. */
export interface EmbeddedKeys {
  /** In the form of `MASTER_KEYS`. */
  readonly masterKeys: Redacted.Redacted
  readonly masterKeysFile: string
  /** `doi_root_` and 43 base64url characters (32 random bytes). */
  readonly rootApiKey: Redacted.Redacted
  readonly rootApiKeyFile: string
  /** Whether this start wrote the root key: only then it may be shown. */
  readonly created: boolean
}

/** What a root API key looks like. */
const rootApiKeyPattern = /^doi_root_[A-Za-z0-9_-]{43}$/

/** The real path of something that may not exist yet: that of its nearest parent that does, and the rest. */
const realPathOf = Effect.fnUntraced(function* (
  target: string
): Effect.fn.Return<string, never, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const absolute = path.resolve(target)
  const parent = path.dirname(absolute)
  return yield* fs
    .realPath(absolute)
    .pipe(
      Effect.catch(() =>
        parent === absolute
          ? Effect.succeed(absolute)
          : Effect.map(realPathOf(parent), (real) => path.join(real, path.basename(absolute)))
      )
    )
})

/** Refuses a keys directory inside the data directory: whoever copies the data must not get the keys with it. */
const refuseInside = Effect.fnUntraced(function* (keysDir: string, dataDir: string) {
  const path = yield* Path.Path
  const way = path.relative(yield* realPathOf(dataDir), yield* realPathOf(keysDir))
  if (way.split(path.sep)[0] === ".." || path.isAbsolute(way)) return
  return yield* new EmbeddedKeysError({
    source: "KEYS_DIR",
    problem: `${keysDir} lies inside DATA_DIR (${dataDir}), where a copy of the data would take its keys along. Choose a directory outside`
  })
})

/**
 * Writes a file that only the owner may read, unless there is one. Linked into place when it is whole
 * and on disk: a start that is killed leaves no half file, and of two starts the second takes the
 * first one's. Answers whether this call wrote it.
 */
const writeOnce = Effect.fnUntraced(function* (file: string, content: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  if (yield* fs.exists(file)) return false
  const directory = path.dirname(file)
  yield* fs.makeDirectory(directory, { recursive: true, mode: 0o700 })
  const draft = path.join(yield* fs.makeTempDirectoryScoped({ directory, prefix: "new-" }), "key")
  const opened = yield* fs.open(draft, { flag: "wx", mode: 0o600 })
  yield* opened.writeAll(new TextEncoder().encode(`${content}\n`))
  yield* opened.sync
  const written = yield* fs.link(draft, file).pipe(
    Effect.as(true),
    Effect.catchReason("PlatformError", "AlreadyExists", () => Effect.succeed(false))
  )
  yield* (yield* fs.open(directory)).sync
  return written
}, Effect.scoped)

const readKey = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  return Redacted.make((yield* fs.readFileString(file)).trim())
})

/**
 * The keys of the embedded database in `dataDir`: generated into `keysDir` (default `.keys` beside
 * `dataDir`) at the first start, as files of mode 0600, and read back ever after. To be called before
 * the database is opened: a database that exists while a key file is missing is refused.
 */
export const load = Effect.fn("EmbeddedKeys.load")(
  function* (options: {
    readonly dataDir: string
    /** `KEYS_DIR`. */
    readonly keysDir: Option.Option<string>
  }) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const random = yield* SecureRandom.SecureRandom
    const dataDir = path.resolve(options.dataDir)
    const keysDir = path.resolve(
      Option.getOrElse(options.keysDir, () => path.join(path.dirname(dataDir), ".keys"))
    )
    yield* refuseInside(keysDir, dataDir)

    const masterKeysFile = path.join(keysDir, "master-keys")
    const rootApiKeyFile = path.join(keysDir, "root-api-key")
    if (yield* fs.exists(path.join(dataDir, "postgres"))) {
      for (const file of [masterKeysFile, rootApiKeyFile]) {
        if (yield* fs.exists(file)) continue
        const problem = `The database in ${dataDir} exists, but this key file of it does not. Restore the file, or let KEYS_DIR name the directory that holds it`
        return yield* new EmbeddedKeysError({ source: file, problem })
      }
    }

    const id = `local-${Hex.encode(yield* random.randomBytes(4))}`
    yield* writeOnce(masterKeysFile, `${id}:${Base64.encode(yield* random.randomBytes(32))}`)
    const created = yield* writeOnce(
      rootApiKeyFile,
      `doi_root_${Base64Url.encode(yield* random.randomBytes(32))}`
    )

    const masterKeys = yield* readKey(masterKeysFile)
    const rootApiKey = yield* readKey(rootApiKeyFile)
    if (!rootApiKeyPattern.test(Redacted.value(rootApiKey))) {
      const problem = 'This is no root API key: expected "doi_root_" and 43 base64url characters'
      return yield* new EmbeddedKeysError({ source: rootApiKeyFile, problem })
    }
    const keys: EmbeddedKeys = { masterKeys, masterKeysFile, rootApiKey, rootApiKeyFile, created }
    return keys
  },
  Effect.catchTag("PlatformError", ({ message }) =>
    Effect.fail(new EmbeddedKeysError({ source: "KEYS_DIR", problem: message }))
  )
)
