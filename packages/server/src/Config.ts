import { Config, Context, Effect, Layer, type Option, type Redacted, Schema } from "effect"

/** Where the rows live: PGlite inside this process, or a Postgres server. */
export type Database =
  | { readonly _tag: "Embedded"; readonly dataDir: string }
  | { readonly _tag: "Postgres"; readonly url: Redacted.Redacted }

const splitList = (text: string): ReadonlyArray<string> =>
  text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")

const List = (name: string) => Config.String(name).pipe(Config.withDefault(""), Config.map(splitList))

const HttpUrl = Schema.String.check(
  Schema.makeFilter((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? "") || "must be an http or https URL")
)

const settings = Config.all({
  host: Config.String("HOST").pipe(Config.withDefault("127.0.0.1")),
  port: Config.Port("PORT").pipe(Config.withDefault(3000)),
  publicUrl: Config.schema(HttpUrl, "PUBLIC_URL").pipe(Config.option),
  databaseUrl: Config.Redacted("DATABASE_URL").pipe(Config.option),
  dataDir: Config.NonEmptyString("DATA_DIR").pipe(Config.withDefault(".data")),
  keysDir: Config.NonEmptyString("KEYS_DIR").pipe(Config.option),
  rootApiKey: Config.Redacted("ROOT_API_KEY").pipe(Config.option),
  masterKeys: Config.Redacted("MASTER_KEYS").pipe(Config.option),
  egressAllow: List("EGRESS_ALLOW"),
  trustedProxies: List("TRUSTED_PROXIES"),
  adminPort: Config.Port("ADMIN_PORT").pipe(Config.option),
  adminHost: Config.String("ADMIN_HOST").pipe(Config.withDefault("127.0.0.1")),
  clusterHost: Config.NonEmptyString("CLUSTER_HOST").pipe(Config.option),
  clusterPort: Config.Port("CLUSTER_PORT").pipe(Config.option),
  rateLimit: Config.Int("RATE_LIMIT").pipe(Config.withDefault(1000)),
  otlpEndpoint: Config.schema(HttpUrl, "OTEL_EXPORTER_OTLP_ENDPOINT").pipe(Config.option)
})
