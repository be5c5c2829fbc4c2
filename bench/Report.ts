import { Console, Effect } from "effect"
import { availableParallelism, cpus, loadavg } from "node:os"
import { connectionsPerEndpoint, poolSize, work } from "./baseline/Settings.ts"

/** The machine and the runtime that figures are of, and how busy it is with other things. */
export const printMachine = Console.log(
  `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores for everything, ` +
    `load ${loadavg()[0]?.toFixed(1)} before the start; Node ${process.version}`
)

/** The baseline's settings; see `baseline/Settings.ts`. */
export const printBaseline = Console.log(
  `The baseline: pg-boss ${JSON.stringify(work.baseline)}, ${poolSize} connections to Postgres for each process, ` +
    `${connectionsPerEndpoint} to each endpoint; standardwebhooks, undici, Express 5 with node-postgres. ` +
    `Eager: the same with ${JSON.stringify(work.eager)} and LISTEN/NOTIFY`
)

/** The result as the last line; what does not count makes the exit code 1. */
export const printResult = Effect.fnUntraced(function* (result: object, valid: boolean) {
  yield* Console.log(JSON.stringify(result))
  if (!valid) process.exitCode = 1
})
