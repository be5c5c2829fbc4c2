import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { Config, Effect, FileSystem, Layer, Option, Path, type Redacted, Terminal } from "effect"
import { Flag, GlobalFlag } from "effect/cli"
import { explain, unusable } from "./Failure.ts"

/** Where the service answers. */
export const Url = GlobalFlag.Setting("url")({
  flag: Flag.String("url").pipe(
    Flag.withDescription("Where the service answers (DOI_URL)"),
    Flag.withFallbackConfig(Config.String("DOI_URL")),
    Flag.withDefault("http://127.0.0.1:3000")
  )
})

/** The tenant's key. */
export const ApiKey = GlobalFlag.Setting("api-key")({
  flag: Flag.Redacted("api-key").pipe(
    Flag.withDescription("A tenant's API key (DOI_API_KEY)"),
    Flag.withFallbackConfig(Config.Redacted("DOI_API_KEY")),
    Flag.optional
  )
})

/** The operator's key, which tenants are managed with. */
export const RootKey = GlobalFlag.Setting("root-key")({
  flag: Flag.Redacted("root-key").pipe(
    Flag.withDescription("The operator's key, for tenants (ROOT_API_KEY)"),
    Flag.withFallbackConfig(Config.Redacted("ROOT_API_KEY")),
    Flag.optional
  )
})

const missingApiKey = Effect.fail(unusable("No API key: give --api-key or set DOI_API_KEY."))

const missingRootKey = Effect.gen(function* () {
  const path = yield* Path.Path
  const dataDir = yield* Config.String("DATA_DIR").pipe(Config.withDefault(".data"))
  const besides = path.join(path.dirname(dataDir), ".keys")
  const file = path.join(yield* Config.String("KEYS_DIR").pipe(Config.withDefault(besides)), "root-api-key")
  const here = yield* (yield* FileSystem.FileSystem).exists(file)
  return yield* unusable(
    `No root key: give --root-key or set ROOT_API_KEY.${here ? ` The embedded service keeps its own in ${file}.` : ""}`
  )
})

const connected = <E, R>(apiKey: Effect.Effect<Redacted.Redacted, E, R>) => {
  const client = Layer.unwrap(
    Effect.gen(function* () {
      return IntegrationsClient.layer({ baseUrl: yield* Url, apiKey: yield* apiKey, retry: false })
    })
  )
  return <A, E2, R2>(command: Effect.Effect<A, E2, R2>) =>
    command.pipe(
      Effect.provide(client),
      Effect.mapError((error) => (Terminal.isQuitError(error) ? error : explain(error)))
    )
}

/** Runs a command with the tenant's API key; its failure is a line for a person. */
export const asTenant = connected(
  Effect.flatMap(ApiKey, Option.match({ onNone: () => missingApiKey, onSome: Effect.succeed }))
)

/** Runs a command with the operator's root key; its failure is a line for a person. */
export const asOperator = connected(
  Effect.flatMap(RootKey, Option.match({ onNone: () => missingRootKey, onSome: Effect.succeed }))
)
