import { HttpServer } from "effect/http"
import { AppConfig, type Settings } from "../../src/Config.ts"
import * as Http from "../../src/Http.ts"
import { ProviderWebhooks } from "../../src/ProviderWebhooks.ts"
import * as Service from "../../src/Service.ts"
import { WebhookHandlers } from "../../src/WebhookHandlers.ts"
import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import type { CreatedTenant } from "@do-integrations/domain/Api/Tenants"
import { Providers } from "@do-integrations/providers/Provider"
import { NodeServices } from "@effect/platform-node"
import { Context, Effect, Layer, Option, Redacted } from "effect"
import * as TestDatabase from "./TestDatabase.ts"

/** The operator's key of every service under test. */
export const rootKey = Redacted.make("doi_root_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG")

const masterKeys = Redacted.make(`test:${Buffer.alloc(32, 7).toString("base64")}`)

/** Settings of a service under test: its own database, loopback receivers allowed. */
const settings: Settings = {
  host: "127.0.0.1",
  port: 0,
  publicUrl: "http://127.0.0.1",
  database: { _tag: "Embedded", dataDir: "" },
  keysDir: Option.none(),
  rootApiKey: Option.some(rootKey),
  masterKeys: Option.some(masterKeys),
  egressAllow: ["127.0.0.1/32"],
  admin: Option.none(),
  cluster: Option.none(),
  rateLimit: 100_000,
  otlpEndpoint: Option.none(),
  trustedProxies: [],
  webhookSecrets: { stripe: [], workos: [], github: [] }
}

/** A whole service in this process, over real HTTP, on a migrated database of its own. */
export class TestService extends Context.Service<
  TestService,
  {
    readonly url: string
    /** A client with this key. It tries each request once, so that tests see what happens. */
    client(key: Redacted.Redacted): Effect.Effect<IntegrationsClient["Service"]>
    /** A new tenant, with a client that holds its first key. */
    tenant(
      name: string
    ): Effect.Effect<typeof CreatedTenant.Type & { readonly client: IntegrationsClient["Service"] }>
  }
>()("@do-integrations/server/test/TestService") {
  static readonly layerWith = (
    changes: Partial<Settings>,
    providers = Providers.layer({}),
    handlers: Service.Handlers = WebhookHandlers.layer(),
    providerWebhooks = ProviderWebhooks.layer({})
  ) =>
    Layer.effect(
      TestService,
      Effect.gen(function* () {
        const { address } = yield* HttpServer.HttpServer
        const url = address._tag === "InetAddressV4" ? `http://127.0.0.1:${address.port}` : "no address"
        const client = (apiKey: Redacted.Redacted) =>
          IntegrationsClient.make({ baseUrl: url, apiKey, retry: false })
        const root = yield* client(rootKey)
        const tenant = Effect.fnUntraced(function* (name: string) {
          const created = yield* Effect.orDie(root.tenants.createTenant({ payload: { name } }))
          return { ...created, client: yield* client(created.apiKey.secret) }
        })
        return TestService.of({ url, client, tenant })
      })
    ).pipe(
      Layer.provideMerge(Service.layerNoDeps(handlers)),
      Layer.provide([providers, providerWebhooks]),
      Layer.provideMerge(Layer.orDie(Http.server)),
      Layer.provideMerge(
        Layer.effect(
          AppConfig,
          Effect.map(TestDatabase.fresh, (database) => ({ ...settings, database, ...changes }))
        )
      ),
      Layer.provide(NodeServices.layer)
    )

  static readonly layer = TestService.layerWith({})
}
