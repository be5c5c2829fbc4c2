import { IngressProvider } from "@do-integrations/domain/Api/Ingress"
import { parseNetwork } from "@do-integrations/domain/Webhook/Inbound/Network"
import { Config, Context, Effect, Layer, Option, Redacted, Schema, SchemaIssue } from "effect"
import type { IpNetwork } from "effect/net"

/** Where the rows live: PGlite inside this process, or a Postgres server. */
export type Database =
  | { readonly _tag: "Embedded"; readonly dataDir: string }
  | { readonly _tag: "Postgres"; readonly url: Redacted.Redacted }

/** A setting is missing, malformed or at odds with another; the message names it and says what to do. */
export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", {
  setting: Schema.String,
  problem: Schema.String
}) {
  override get message() {
    return `${this.setting}: ${this.problem}`
  }
}

/** The settings of the service, from the environment, read once at start. */
export interface Settings {
  readonly host: string
  readonly port: number
  /** Where the outside reaches this service, without a trailing slash. */
  readonly publicUrl: string
  readonly database: Database
  /** Where embedded keys live; set only with the embedded database. */
  readonly keysDir: Option.Option<string>
  readonly rootApiKey: Option.Option<Redacted.Redacted>
  readonly masterKeys: Option.Option<Redacted.Redacted>
  readonly egressAllow: ReadonlyArray<string>
  readonly admin: Option.Option<{ readonly host: string; readonly port: number }>
  readonly cluster: Option.Option<{ readonly host: string; readonly port: number }>
  /** Requests that one API key may make in a second, over a window of ten. */
  readonly rateLimit: number
  readonly otlpEndpoint: Option.Option<string>
  /** Proxies whose `Forwarded` and `X-Forwarded-For` are believed. */
  readonly trustedProxies: ReadonlyArray<IpNetwork.IpNetwork>
  /** What vendors sign their webhooks to the platform with, several for rotation; none: they are not set up. */
  readonly webhookSecrets: Readonly<Record<IngressProvider, ReadonlyArray<Redacted.Redacted>>>
}

const entriesOf = (text: string) =>
  text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")

const list = (name: string) => Config.String(name).pipe(Config.withDefault(""), Config.map(entriesOf))

/** The setting that holds the secrets of a vendor's webhooks to the platform. */
export const webhookSecretSetting = (provider: IngressProvider) =>
  `${provider.toUpperCase()}_WEBHOOK_SECRET` as const

const secrets = (provider: IngressProvider) =>
  Config.Redacted(webhookSecretSetting(provider)).pipe(
    Config.withDefault(Redacted.make("")),
    Config.map((text) => entriesOf(Redacted.value(text)).map((secret) => Redacted.make(secret)))
  )

const HttpUrl = Schema.String.check(
  Schema.makeFilter(
    (text) => /^https?:$/.test(URL.parse(text)?.protocol ?? "") || "Expected an http or https URL"
  )
)

const PositiveInt = Schema.NumberFromString.check(Schema.isInt(), Schema.isGreaterThan(0))

const environment = Config.all({
  host: Config.NonEmptyString("HOST").pipe(Config.withDefault("127.0.0.1")),
  port: Config.Port("PORT").pipe(Config.withDefault(3000)),
  publicUrl: Config.schema(HttpUrl, "PUBLIC_URL").pipe(Config.option),
  databaseUrl: Config.Redacted("DATABASE_URL").pipe(Config.option),
  dataDir: Config.NonEmptyString("DATA_DIR").pipe(Config.withDefault(".data")),
  keysDir: Config.NonEmptyString("KEYS_DIR").pipe(Config.option),
  rootApiKey: Config.Redacted("ROOT_API_KEY").pipe(Config.option),
  masterKeys: Config.Redacted("MASTER_KEYS").pipe(Config.option),
  egressAllow: list("EGRESS_ALLOW"),
  adminPort: Config.Port("ADMIN_PORT").pipe(Config.option),
  adminHost: Config.NonEmptyString("ADMIN_HOST").pipe(Config.withDefault("127.0.0.1")),
  clusterHost: Config.NonEmptyString("CLUSTER_HOST").pipe(Config.option),
  clusterPort: Config.Port("CLUSTER_PORT").pipe(Config.option),
  rateLimit: Config.schema(PositiveInt, "RATE_LIMIT").pipe(Config.withDefault(1000)),
  otlpEndpoint: Config.schema(HttpUrl, "OTEL_EXPORTER_OTLP_ENDPOINT").pipe(Config.option),
  trustedProxies: list("TRUSTED_PROXIES"),
  webhookSecrets: Config.all({
    stripe: secrets("stripe"),
    workos: secrets("workos"),
    github: secrets("github")
  })
})

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

const malformed = ({ cause }: Config.ConfigError) => {
  const [issue] = cause._tag === "SchemaError" ? issuesOf(cause.issue).issues : []
  return new SettingsError({
    setting: issue?.path?.map(String).join("_") ?? "environment",
    problem: issue?.message ?? cause.message
  })
}

const required = (setting: string, what: string) =>
  new SettingsError({ setting, problem: `is required with DATABASE_URL: ${what}` })

/** Characters of the shortest secret that is taken for one: less is a slip, and soon guessed. */
const minSecret = 8

const checkSecrets = Effect.fnUntraced(function* (all: Settings["webhookSecrets"]) {
  for (const provider of IngressProvider.literals) {
    if (all[provider].some((secret) => Redacted.value(secret).length < minSecret)) {
      const problem = `holds a secret of fewer than ${minSecret} characters`
      return yield* new SettingsError({ setting: webhookSecretSetting(provider), problem })
    }
  }
})

const proxies = (entries: ReadonlyArray<string>) =>
  Effect.forEach(entries, (entry) =>
    Effect.fromResult(parseNetwork(entry)).pipe(
      Effect.mapError(
        ({ message }) =>
          new SettingsError({
            setting: "TRUSTED_PROXIES",
            problem: `"${entry}" is no network such as 10.0.0.0/8, and no address: ${message}`
          })
      )
    )
  )

const read = Effect.gen(function* () {
  const env = yield* Effect.mapError(environment, malformed)
  const postgres = Option.isSome(env.databaseUrl)
  if (postgres && Option.isNone(env.masterKeys)) {
    return yield* required("MASTER_KEYS", "set it to `id:` and 32 random bytes in base64")
  }
  if (postgres && Option.isNone(env.rootApiKey)) {
    return yield* required("ROOT_API_KEY", "set it to a long random text, 32 characters or more")
  }
  if (Option.isSome(env.clusterHost) !== Option.isSome(env.clusterPort)) {
    return yield* new SettingsError({ setting: "CLUSTER_HOST, CLUSTER_PORT", problem: "set both or neither" })
  }
  const cluster = Option.all({ host: env.clusterHost, port: env.clusterPort })
  if (Option.isSome(cluster) && !postgres) {
    return yield* new SettingsError({ setting: "CLUSTER_HOST", problem: "a cluster needs DATABASE_URL" })
  }
  yield* checkSecrets(env.webhookSecrets)
  const database: Database = Option.match(env.databaseUrl, {
    onNone: () => ({ _tag: "Embedded", dataDir: env.dataDir }),
    onSome: (url) => ({ _tag: "Postgres", url })
  })
  const {
    host,
    port,
    keysDir,
    rootApiKey,
    masterKeys,
    egressAllow,
    rateLimit,
    otlpEndpoint,
    webhookSecrets
  } = env
  const publicUrl = Option.getOrElse(env.publicUrl, () => `http://localhost:${port}`).replace(/\/+$/, "")
  const admin = Option.map(env.adminPort, (adminPort) => ({ host: env.adminHost, port: adminPort }))
  return {
    host,
    port,
    publicUrl,
    database,
    keysDir,
    rootApiKey,
    masterKeys,
    egressAllow,
    admin,
    cluster,
    rateLimit,
    otlpEndpoint,
    trustedProxies: yield* proxies(env.trustedProxies),
    webhookSecrets
  } satisfies Settings
})

/** The settings of the running service. */
export class AppConfig extends Context.Service<AppConfig, Settings>()(
  "@do-integrations/server/Config/AppConfig"
) {
  /** Reads the environment; a missing or malformed setting is an error that names it. */
  static readonly layer = Layer.effect(AppConfig, read)
}
