import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer } from "effect"
import { explain } from "./Cli/Failure.ts"
import { AppConfig } from "./Config.ts"
import * as Service from "./Service.ts"
import * as Telemetry from "./Telemetry.ts"

const environment = Layer.provideMerge(Layer.merge(Telemetry.exporter, Telemetry.logs), AppConfig.layer)

/**
 * Runs the service, with its settings from the environment, until it is told to stop. Those who have handlers in code
 * give them here: `NodeRuntime.runMain(serve(handlers))`. Fails with what to do about a start that did not succeed.
 */
export const serve = <E = never>(handlers?: Service.Handlers<E>) =>
  Layer.launch(Service.layer(handlers)).pipe(
    Effect.provide(environment),
    Effect.mapError(explain),
    Effect.provide(NodeServices.layer)
  )

/** Brings the tables of the database up to date. */
export const migrate = Effect.scoped(Effect.asVoid(Layer.build(Service.migrations))).pipe(
  Effect.provide(environment),
  Effect.mapError(explain),
  Effect.provide(NodeServices.layer)
)
