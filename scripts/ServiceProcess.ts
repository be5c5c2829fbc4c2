import { Console, Effect, Exit, Schedule, Schema, Stream } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { ChildProcess } from "effect/process"
import { join } from "node:path"
import manifest from "../package.json" with { type: "json" }
import { freePort } from "./FreePort.ts"

/** How long a start may take: a first one makes the database. */
const patience = "60 seconds"

/** The service ended by itself, or did not begin to answer. */
export class ServiceFailure extends Schema.TaggedError<ServiceFailure>()("ServiceFailure", {
  problem: Schema.String
}) {
  override get message() {
    return `The service ${this.problem}`
  }
}

/** What a process is started with. */
export interface Options {
  /** All of its environment but `PORT` and `PUBLIC_URL`: settings of the shell are not meant for it. */
  readonly env: Readonly<Record<string, string>>
  /** Flags of Node beside those of `npm start`. */
  readonly flags?: ReadonlyArray<string>
  /** The entry point in place of that of `npm start`, from the root of the repository; it serves at once. */
  readonly entry?: string
}

/**
 * The service as `npm start` runs it, in a process of its own. It is told to stop with the scope, and what it wrote is
 * printed when the scope fails.
 */
export const launch = Effect.fnUntraced(function* ({ entry, env, flags = [] }: Options) {
  const port = yield* freePort
  const url = `http://127.0.0.1:${port}`
  const [, condition = "", ...start] = manifest.scripts.start.split(" ")
  const args = [condition, ...(entry === undefined ? start : [entry])]
  const service = yield* ChildProcess.make(process.execPath, [...flags, ...args], {
    cwd: join(import.meta.dirname, ".."),
    env: { ...env, PORT: String(port), PUBLIC_URL: url },
    stdin: "ignore",
    forceKillAfter: "15 seconds"
  })
  const output: Array<string> = []
  yield* Stream.decodeText(service.all).pipe(
    Stream.runForEach((text) => Effect.sync(() => void output.push(text))),
    Effect.forkScoped
  )
  yield* Effect.addFinalizer((exit) =>
    Exit.isFailure(exit) ? Console.error(`\nThe service wrote:\n${output.join("")}`) : Effect.void
  )
  const ended = Effect.flatMap(
    service.exitCode,
    (code) => new ServiceFailure({ problem: `ended with ${code}` })
  )
  const ready = HttpClient.get(`${url}/readyz`).pipe(
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.timeout("1 second"),
    Effect.retry(Schedule.spaced("20 millis")),
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () => new ServiceFailure({ problem: "does not answer" })
    }),
    Effect.raceFirst(ended)
  )
  return {
    url,
    pid: service.pid,
    /** Fails should it end. */
    ended,
    /** Waits until it answers. */
    ready,
    /** `kill -9`; returns when the process has gone. */
    kill: service.kill({ killSignal: "SIGKILL" })
  }
})
