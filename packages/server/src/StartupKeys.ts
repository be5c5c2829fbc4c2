import { Effect, Layer, Option, Redacted, Stdio } from "effect"
import { AppConfig, type Database, SettingsError } from "./Config.ts"
import { RootKey } from "./RootKey.ts"
import * as EmbeddedKeys from "./Vault/EmbeddedKeys.ts"
import * as KeyRing from "./Vault/KeyRing.ts"

/** The shortest root key that is taken from the environment, in characters. */
const minRootKeyLength = 32

const required = (setting: string, key: Option.Option<Redacted.Redacted>) =>
  Effect.mapError(
    Effect.fromOption(key),
    () => new SettingsError({ setting, problem: "is required with DATABASE_URL" })
  )

const checkLength = Effect.fnUntraced(function* (rootKey: Redacted.Redacted) {
  if (Redacted.value(rootKey).length >= minRootKeyLength) return rootKey
  return yield* new SettingsError({
    setting: "ROOT_API_KEY",
    problem: `is shorter than ${minRootKeyLength} characters; \`openssl rand -base64 32\` makes a good one`
  })
})

const fromEnvironment = Effect.gen(function* () {
  const { masterKeys, rootApiKey } = yield* AppConfig
  const rootKey = yield* checkLength(yield* required("ROOT_API_KEY", rootApiKey))
  return Layer.merge(
    KeyRing.layer(yield* required("MASTER_KEYS", masterKeys)),
    Layer.succeed(RootKey, rootKey)
  )
})

/** Shows a new root key on a terminal, and elsewhere only where it is: logs are kept. */
const introduce = Effect.fnUntraced(function* (keys: EmbeddedKeys.EmbeddedKeys) {
  if (!keys.created) return
  const { stdoutIsTerminal } = yield* Stdio.Stdio
  yield* Effect.log(
    (yield* stdoutIsTerminal)
      ? `The root key, shown this once and kept in ${keys.rootApiKeyFile}: ${Redacted.value(keys.rootApiKey)}`
      : `The root key is in ${keys.rootApiKeyFile}`
  )
})

const fromFiles = Effect.fnUntraced(function* ({ dataDir }: Extract<Database, { _tag: "Embedded" }>) {
  const { keysDir, masterKeys, rootApiKey } = yield* AppConfig
  const keys = yield* EmbeddedKeys.load({ dataDir, keysDir })
  yield* introduce(keys)
  const rootKey = yield* Option.match(rootApiKey, {
    onNone: () => Effect.succeed(keys.rootApiKey),
    onSome: checkLength
  })
  const ring = Option.match(masterKeys, {
    onNone: () => KeyRing.layer(keys.masterKeys, keys.masterKeysFile),
    onSome: (given) => KeyRing.layer(given)
  })
  return Layer.merge(ring, Layer.succeed(RootKey, rootKey))
})

/** The master keys and the root key: from the environment, or from files beside the embedded database. */
export const layer = Layer.unwrap(
  Effect.flatMap(AppConfig, ({ database, masterKeys, rootApiKey }) =>
    database._tag === "Postgres" || (Option.isSome(masterKeys) && Option.isSome(rootApiKey))
      ? fromEnvironment
      : fromFiles(database)
  )
)
