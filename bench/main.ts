/**
 * Ours beside the plain way to do the same, in one run: `npm run bench -- NAME`. The last line is the result as JSON;
 * the exit code is 1 when something was lost or came twice. `BENCH_DATABASE_URL` names a Postgres server, where each
 * benchmark makes databases of its own and drops them; without it there is the embedded database alone.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Config, Effect, Layer, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { FetchHttpClient } from "effect/http"
import { inbound } from "./Inbound.ts"
import { isolation } from "./Isolation.ts"
import { memory } from "./Memory.ts"
import { order } from "./Order.ts"
import { outbound } from "./Outbound.ts"
import { publish } from "./Publish.ts"

const count = (name: string, byDefault: number, description: string) =>
  Flag.Int(name).pipe(
    Flag.filter(
      (value) => value > 0,
      () => `--${name} has to be more than 0`
    ),
    Flag.withDescription(`${description}; default ${byDefault}`),
    Flag.withDefault(byDefault)
  )

const server = Effect.map(Config.option(Config.Redacted("BENCH_DATABASE_URL")), Option.getOrUndefined)

const endpoints = count("endpoints", 50, "Endpoints that are delivered to")

const outboundCommand = Command.make(
  "outbound",
  {
    deliveries: count("deliveries", 100_000, "Deliveries that the clock covers"),
    endpoints,
    alternations: count("alternations", 5, "Runs of each side")
  },
  (options) => Effect.flatMap(server, (url) => outbound(url, options))
).pipe(Command.withDescription("A backlog of deliveries, drained"))

const publishCommand = Command.make(
  "publish",
  {
    seconds: count("seconds", 30, "Seconds that the sustained rate is measured over"),
    latencySeconds: count("latency-seconds", 20, "Seconds that latencies are measured over"),
    endpoints,
    connections: count("connections", 64, "Connections that events are published over"),
    backlog: count("backlog", 2000, "Events that may be on their way before the loader waits"),
    alternations: count("alternations", 3, "Runs of each side")
  },
  (options) => Effect.flatMap(server, (url) => publish(url, options))
).pipe(Command.withDescription("Events published over HTTP and delivered: the sustained rate, and latencies"))

const inboundCommand = Command.make(
  "inbound",
  {
    seconds: count("seconds", 20, "Seconds that are measured"),
    warmUp: count("warm-up", 5, "Seconds before that"),
    connections: count("connections", 64, "Connections that webhooks are sent over"),
    alternations: count("alternations", 5, "Runs of each side"),
    profile: Flag.String("profile").pipe(
      Flag.withDescription("A directory for CPU profiles of the service"),
      Flag.optional
    )
  },
  (options) => Effect.flatMap(server, (url) => inbound(url, options))
).pipe(Command.withDescription("Signed webhooks, verified and stored: requests a second, and latencies"))

const isolationCommand = Command.make(
  "isolation",
  {
    endpoints: count("endpoints", 100, "Endpoints in all"),
    hanging: count("hanging", 10, "Those of them that never answer"),
    backlog: count("backlog", 100_000, "Deliveries that wait for the hanging ones"),
    rate: count("rate", 200, "Events a second to the others together"),
    seconds: count("seconds", 20, "Seconds that latencies are measured over"),
    alternations: count("alternations", 5, "Runs of each side")
  },
  (options) => Effect.flatMap(server, (url) => isolation(url, options))
).pipe(Command.withDescription("Latencies of endpoints that are well beside others that hang"))

const memoryCommand = Command.make(
  "memory",
  {
    endpoints: count("endpoints", 500, "Endpoints that answer a byte a second"),
    seconds: count("seconds", 60, "Seconds that memory is measured over"),
    warmUp: count("warm-up", 30, "Seconds before that"),
    timeout: count("timeout", 15, "Seconds that an attempt may take")
  },
  (options) => Effect.flatMap(server, (url) => memory(url, options))
).pipe(Command.withDescription("The service's memory against receivers that drip"))

const orderCommand = Command.make(
  "order",
  {
    events: count("events", 100_000, "Events to publish"),
    keys: count("keys", 200, "Keys of the order")
  },
  (options) => Effect.flatMap(server, (url) => order(url, options))
).pipe(Command.withDescription("Events to an ordered endpoint that fails: no inversion, none lost"))

const bench = Command.make("bench").pipe(
  Command.withDescription("Ours beside the plain way to do the same; the last line is JSON"),
  Command.withSubcommands([
    outboundCommand,
    publishCommand,
    inboundCommand,
    isolationCommand,
    memoryCommand,
    orderCommand
  ])
)

Command.run(bench, { version: "0.1.0" }).pipe(
  Effect.provide(Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer)),
  NodeRuntime.runMain
)
