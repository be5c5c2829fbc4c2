/**
 * The main job on real input: GitHub's webhooks come in, are verified and stored, and go out signed to a
 * receiver that checks them. Every step is checked; the first surprise ends it with exit code 1.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Clock, Console, Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { deliver, receive, refuse } from "./quickstart/MainJob.ts"
import { Receiver } from "./quickstart/Receiver.ts"
import { heading } from "./quickstart/Report.ts"
import { showAudit, showDelivery, showEvents } from "./quickstart/Records.ts"
import * as Service from "./quickstart/Service.ts"
import { setUp } from "./quickstart/SetUp.ts"

const program = Effect.gen(function* () {
  const began = yield* Clock.currentTimeMillis
  const receiver = yield* Receiver
  yield* Console.log("DO Integrations: GitHub's webhooks in, verified and stored; signed deliveries out")

  yield* heading("Starting the service on an empty directory, which takes some seconds")
  const service = yield* Service.start(`127.0.0.1/32:${new URL(receiver.url).port}`)
  const seconds = Effect.map(Clock.currentTimeMillis, (now) => ((now - began) / 1000).toFixed(1))
  yield* Console.log(`  ok  it answers at ${service.url} after ${yield* seconds} s`)

  const scene = yield* setUp(service, receiver)
  yield* receive(scene)
  yield* deliver(scene, receiver)
  yield* refuse(scene)
  yield* showEvents(scene)
  yield* showDelivery(scene)
  yield* showAudit(scene)
  yield* Console.log(`\nEverything held, in ${yield* seconds} s`)
}).pipe(Effect.scoped)

const explained = program.pipe(
  Effect.tapError((error) => Console.error(`\nFAILED  ${error.message}`)),
  Effect.provide(Layer.mergeAll(Receiver.layer, FetchHttpClient.layer, NodeServices.layer))
)

NodeRuntime.runMain(explained, { disableErrorReporting: true })
