import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer } from "effect"
import { Command } from "effect/cli"
import * as Cli from "./Cli.ts"
import { explain, teardown } from "./Cli/Failure.ts"
import { AppConfig } from "./Config.ts"
import * as Telemetry from "./Telemetry.ts"

const environment = Layer.provideMerge(Layer.merge(Telemetry.exporter, Telemetry.logs), AppConfig.layer)
// Loaded only by the commands that run it: the others speak HTTP and need not wait for it.
const service = Effect.promise(() => import("./Service.ts"))
const run = <A, E, R>(command: Effect.Effect<A, E, R>) =>
  command.pipe(Effect.provide(environment), Effect.mapError(explain))

Command.run(
  Cli.make({
    serve: run(Effect.flatMap(service, ({ layer }) => Layer.launch(layer))),
    migrate: run(
      Effect.flatMap(service, ({ migrations }) => Effect.scoped(Effect.asVoid(Layer.build(migrations))))
    )
  }),
  { version: "0.1.0" }
).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain({ teardown }))
