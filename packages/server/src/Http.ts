import { Api } from "@do-integrations/domain/Api"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { HttpApiBuilder, HttpApiScalar } from "effect/http-api"
import * as ApiKeysHttp from "./ApiKeys/Http.ts"
import * as AuditHttp from "./AuditLog/Http.ts"
import { AppConfig, SettingsError } from "./Config.ts"
import * as DeepIntegrationsHttp from "./DeepIntegrations/Http.ts"
import * as EventsHttp from "./EventLog/Http.ts"
import * as Authorization from "./Http/Authorization.ts"
import { quiet } from "./Http/Exchange.ts"
import { withFallback } from "./Http/Fallback.ts"
import * as Health from "./Http/Health.ts"
import * as Idempotency from "./Http/Idempotency.ts"
import * as JobsHttp from "./Jobs/Http.ts"
import { createServer } from "./Http/NodeServer.ts"
import * as Problems from "./Http/Problems.ts"
import { Stopping } from "./Http/Stopping.ts"
import * as IngressHttp from "./InboundWebhooks/IngressHttp.ts"
import * as IntegrationsHttp from "./Integrations/Http.ts"
import * as TenantsHttp from "./Tenants/Http.ts"
import * as SettingsHttp from "./Tenants/SettingsHttp.ts"
import * as WebhooksHttp from "./Webhooks/Http.ts"

/** How long running requests get to finish when the service stops. */
const gracefulShutdownTimeout = "3 seconds"

const groups = Layer.mergeAll(
  TenantsHttp.layer,
  ApiKeysHttp.layer,
  SettingsHttp.layer,
  DeepIntegrationsHttp.layer,
  IntegrationsHttp.layer,
  WebhooksHttp.layer,
  EventsHttp.layer,
  JobsHttp.layer,
  AuditHttp.layer
)

/** The API of the contract. */
const api = HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" }).pipe(
  Layer.provide(groups),
  Layer.provide([Authorization.layer, Idempotency.layer, Problems.layer])
)

/** The page that shows the contract; everything it needs comes from here. */
const docs = HttpApiScalar.layer(Api, { path: "/docs", scalar: { withDefaultFonts: false } })

const routes = Layer.mergeAll(api, docs, IngressHttp.layer, Health.layer)

const served = Layer.unwrap(
  Effect.map(HttpRouter.toHttpEffect(routes), (app) => HttpServer.serve(withFallback(app)))
).pipe(Layer.provide(quiet))

/** Serves everything on whatever server is provided. When it stops, answers without an end are ended first. */
export const layer = Layer.effectDiscard(
  Stopping.use((stopping) => Effect.addFinalizer(() => stopping.begin))
).pipe(Layer.provide(served), Layer.provide(Stopping.layer))

/** The server that listens on `HOST` and `PORT`. */
export const server = Layer.unwrap(
  Effect.gen(function* () {
    const { host, port } = yield* AppConfig
    const node = yield* Effect.sync(createServer)
    const listening = NodeHttpServer.layer(() => node, { host, port, gracefulShutdownTimeout })
    // When the routes are gone, connections that are still open have had their time.
    const hangUp = Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
    return Layer.effectDiscard(hangUp).pipe(
      Layer.provideMerge(listening),
      Layer.catchTag("ServeError", ({ cause }) => {
        const reason = cause instanceof Error ? cause.message : String(cause)
        return Layer.effectContext(
          Effect.fail(new SettingsError({ setting: "HOST, PORT", problem: `cannot be used: ${reason}` }))
        )
      })
    )
  })
)
