import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import type { Database } from "@do-integrations/server/Config"
import { Effect, Redacted } from "effect"
import { join } from "node:path"
import * as ServiceProcess from "../scripts/ServiceProcess.ts"

const rootKey = Redacted.make("doi_root_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG")

interface Setting {
  readonly env?: Record<string, string>
  readonly flags?: ReadonlyArray<string>
  /** The entry point in place of that of `npm start`. */
  readonly entry?: string
}

const location = (database: Database): Record<string, string> =>
  database._tag === "Postgres"
    ? { DATABASE_URL: Redacted.value(database.url) }
    : { DATA_DIR: database.dataDir, KEYS_DIR: join(database.dataDir, "../keys") }

/**
 * The service on this database, in a process of its own that stops with the scope.
 *
 * @param setting more settings of the environment, and flags of Node beside those of `npm start`
 */
export const launch = (database: Database, { env = {}, ...setting }: Setting = {}) =>
  ServiceProcess.launch({
    ...setting,
    env: {
      ...env,
      ...location(database),
      ROOT_API_KEY: Redacted.value(rootKey),
      MASTER_KEYS: `bench:${Buffer.alloc(32, 7).toString("base64")}`,
      // The receiver is on the loopback, which is refused otherwise.
      EGRESS_ALLOW: "127.0.0.1/32",
      RATE_LIMIT: "1000000"
    }
  })

/** The same, when it answers. */
export const start = Effect.fnUntraced(function* (database: Database, setting?: Setting) {
  const service = yield* launch(database, setting)
  yield* service.ready
  return service
})

const clientOf = (url: string, apiKey: Redacted.Redacted) =>
  IntegrationsClient.make({ baseUrl: url, apiKey, retry: false })

/** A new tenant of the service at `url`, with its key. */
export const newTenant = Effect.fnUntraced(function* (url: string) {
  const root = yield* clientOf(url, rootKey)
  const { apiKey, tenant } = yield* root.tenants.createTenant({ payload: { name: "Benchmark" } })
  return { id: tenant.id, key: apiKey.secret }
})

/** The tenant of the benchmark, in every copy of its database. */
export interface Tenant {
  readonly id: string
  readonly key: Redacted.Redacted
  /** The endpoint of the events of type `bench.e0`, `bench.e1` and so on. */
  readonly endpoints: ReadonlyArray<string>
}

/** A client of the service at `url` with the tenant's key. */
export const clientFor = (url: string, { key }: Pick<Tenant, "key">) => clientOf(url, key)

/** Makes an empty database one with a tenant that has an endpoint at each of the URLs. */
export const furnish = Effect.fnUntraced(function* (database: Database, urls: ReadonlyArray<string>) {
  const { url } = yield* start(database)
  const { id, key } = yield* newTenant(url)
  const client = yield* clientOf(url, key)
  const endpoints = yield* Effect.forEach(urls, (url, index) =>
    Effect.map(
      client.webhooks.createOutboundWebhook({ payload: { url, eventTypes: [`bench.e${index}`] } }),
      ({ id }) => id
    )
  )
  return { id, key, endpoints } satisfies Tenant
}, Effect.scoped)
