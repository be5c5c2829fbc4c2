/**
 * The service killed with `kill -9` at random moments under load and started again, many times: nothing that it
 * answered is lost, and nothing comes twice but what was in flight. `npm run chaos -- --rounds 50`; the last line is
 * JSON, the exit code is 1 when something did not hold. `CHAOS_DATABASE_URL` names a Postgres server, where a
 * database is made and dropped; without it there is the embedded one.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Config, Console, Effect, Layer, Number, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { FetchHttpClient } from "effect/http"
import * as Databases from "../bench/Databases.ts"
import { now } from "../bench/Monotonic.ts"
import * as Recorder from "../bench/Recorder.ts"
import { printMachine, printResult } from "../bench/Report.ts"
import { median } from "../bench/Statistics.ts"
import { endpoints } from "./chaos/Endpoints.ts"
import { judge, lostIn } from "./chaos/Judgement.ts"
import { repetitionsIn } from "./chaos/Repetitions.ts"
import type { Resumption } from "./chaos/Resumption.ts"
import * as Rounds from "./chaos/Rounds.ts"
import { everythingIn } from "./chaos/Tables.ts"

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
  rounds: positive("rounds", "Rounds, however long they take").pipe(Flag.optional)
}

interface Options {
  readonly seconds: number
  readonly rounds: Option.Option<number>
}

const program = Effect.fnUntraced(function* ({ rounds, seconds }: Options) {
  const server = yield* Config.option(Config.Redacted("CHAOS_DATABASE_URL"))
  const database = yield* Option.match(server, {
    onNone: () => Databases.embedded,
    onSome: Databases.onServer
  })
  yield* printMachine
  yield* Console.log(`kill -9 on ${database._tag === "Embedded" ? "the embedded database" : "Postgres"}`)
  const recorder = yield* Recorder.start(endpoints.map(({ behaviour }) => behaviour))
  const { account, finish, ledger, round, webhooks } = yield* Rounds.begin(database, recorder)

  const began = now()
  const resumptions: Array<Resumption> = []
  const note = (resumption: Resumption | undefined) => {
    if (resumption !== undefined) resumptions.push(resumption)
  }
  const goesOn = (number: number) =>
    Option.match(rounds, {
      onNone: () => now() - began < 1000 * seconds,
      onSome: (rounds) => number <= rounds
    })
  for (let number = 1; goesOn(number); number++) note(yield* round(number))
  note(yield* finish)

  const { perKill, regrouped } = repetitionsIn(account)
  judge(account, ledger, yield* everythingIn(database), webhooks)
  for (const fault of account.faults.slice(0, 20)) yield* Console.error(`FAULT  ${fault}`)
  const worsts = resumptions.map(({ worst }) => worst)
  yield* printResult(
    {
      name: "chaos",
      database: database._tag === "Embedded" ? "embedded" : "postgres",
      rounds: account.kills.length,
      accepted: ledger.events.size + ledger.messages.size,
      delivered: account.taken.size,
      lost: lostIn(account, ledger).length,
      duplicates: Number.sumAll(perKill),
      duplicatesPerKill: { median: median(perKill), most: Math.max(0, ...perKill) },
      regrouped,
      pendingAtKill: { median: median(resumptions.map(({ pending }) => pending)) },
      worstResumeMs: Math.round(Math.max(0, ...worsts)),
      medianResumeMs: Math.round(median(worsts)),
      resumedWithin2s: `${worsts.filter((worst) => worst <= 2000).length} of ${worsts.length}`,
      faults: account.faults.length
    },
    account.faults.length === 0
  )
}, Effect.scoped)

const chaos = Command.make("chaos", options, program).pipe(
  Command.withDescription("Kills the service under load; the last line is JSON")
)

Command.run(chaos, { version: "0.1.0" }).pipe(
  Effect.provide(Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer)),
  NodeRuntime.runMain
)
