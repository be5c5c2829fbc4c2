/**
 * The service killed with `kill -9` at random moments under load and started again, many times: nothing that it
 * answered is lost, and nothing comes twice but what was in flight. `npm run chaos -- --rounds 50` for the way out,
 * with `--inbound` for the way in; the last line is JSON, the exit code is 1 when something did not hold.
 * `CHAOS_DATABASE_URL` names a Postgres server, where a database is made and dropped; without it there is the embedded
 * one.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Config, Console, Effect, Layer, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { FetchHttpClient } from "effect/http"
import * as Databases from "../bench/Databases.ts"
import { now } from "../bench/Monotonic.ts"
import { printMachine, printResult } from "../bench/Report.ts"
import * as Inbound from "./chaos/Inbound.ts"
import * as Outbound from "./chaos/Outbound.ts"

const positive = (name: string, description: string) =>
  Flag.Int(name).pipe(
    Flag.filter(
      (value) => value > 0,
      () => `--${name} has to be more than 0`
    ),
    Flag.withDescription(description)
  )

const options = {
  seconds: positive("seconds", "Seconds after which no more rounds begin; default 60").pipe(
    Flag.withDefault(60)
  ),
  rounds: positive("rounds", "Rounds, however long they take").pipe(Flag.optional),
  inbound: Flag.Boolean("inbound").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Messages that come in and are handled, in place of events that are delivered")
  )
}

interface Options {
  readonly seconds: number
  readonly rounds: Option.Option<number>
  readonly inbound: boolean
}

const program = Effect.fnUntraced(function* ({ inbound, rounds, seconds }: Options) {
  const server = yield* Config.option(Config.Redacted("CHAOS_DATABASE_URL"))
  const database = yield* Option.match(server, {
    onNone: () => Databases.embedded,
    onSome: Databases.onServer
  })
  const name = database._tag === "Embedded" ? "the embedded database" : "Postgres"
  yield* printMachine
  yield* Console.log(`kill -9 on ${name}, ${inbound ? "inbound" : "outbound"}`)
  const trial = yield* inbound ? Inbound.begin(database) : Outbound.begin(database)

  const began = now()
  const goesOn = (number: number) =>
    Option.match(rounds, {
      onNone: () => now() - began < 1000 * seconds,
      onSome: (rounds) => number <= rounds
    })
  for (let number = 1; goesOn(number); number++) yield* trial.round(number)
  const { faults, figures } = yield* trial.finish

  for (const fault of faults.slice(0, 20)) yield* Console.error(`FAULT  ${fault}`)
  yield* printResult(
    {
      name: inbound ? "chaos inbound" : "chaos",
      database: database._tag === "Embedded" ? "embedded" : "postgres",
      ...figures,
      faults: faults.length
    },
    faults.length === 0
  )
}, Effect.scoped)

const chaos = Command.make("chaos", options, program).pipe(
  Command.withDescription("Kills the service under load; the last line is JSON")
)

Command.run(chaos, { version: "0.1.0" }).pipe(
  Effect.provide(Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer)),
  NodeRuntime.runMain
)
