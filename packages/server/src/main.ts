import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { Command } from "effect/cli"
import * as Cli from "./Cli.ts"
import { teardown } from "./Cli/Failure.ts"

// Loaded only by the commands that run it: the others speak HTTP and need not wait for it.
const service = Effect.promise(() => import("./Serve.ts"))

Command.run(
  Cli.make({
    serve: Effect.flatMap(service, ({ serve }) => serve()),
    migrate: Effect.flatMap(service, ({ migrate }) => migrate)
  }),
  { version: "0.1.0" }
).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain({ teardown }))
