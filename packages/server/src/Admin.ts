import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Effect, Layer, Option } from "effect"
import { HttpRouter } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { createServer } from "node:http"
import { AppConfig } from "./Config.ts"
import { quiet } from "./Http/Exchange.ts"
import * as Health from "./Http/Health.ts"

const routes = Layer.merge(PrometheusMetrics.layerHttp({ path: "/metrics" }), Health.layer)

/** Metrics and health for operators, on `ADMIN_HOST` and `ADMIN_PORT`; nothing when no port is set. */
export const layer = Layer.unwrap(
  Effect.map(AppConfig, ({ admin }) =>
    Option.match(admin, {
      onNone: () => Layer.empty,
      onSome: ({ host, port }) =>
        // Fresh, because a router that is shared would show the operators' routes to everybody.
        Layer.fresh(HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true })).pipe(
          Layer.provide(quiet),
          Layer.provide(
            NodeHttpServer.layer(createServer, { host, port, gracefulShutdownTimeout: "1 second" })
          )
        )
    })
  )
)
