import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { Command } from "effect/cli"
import * as Cli from "./Cli.ts"
import { explain, teardown } from "./Cli/Failure.ts"
import { AppConfig } from "./Config.ts"
import * as Service from "./Service.ts"
import * as Telemetry from "./Telemetry.ts"

const environment = Layer.provideMerge(Layer.merge(Telemetry.exporter, Telemetry.logs), AppConfig.layer)
const serve = Layer.launch(Service.layer).pipe(Effect.provide(environment), Effect.mapError(explain))
const migrate = Effect.scoped(Effect.asVoid(Layer.build(Service.migrations))).pipe(
  Effect.provide(environment),
  Effect.mapError(explain)
)

Command.run(Cli.make({ serve, migrate }), { version: "0.1.0" }).pipe(
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({ teardown })
)
