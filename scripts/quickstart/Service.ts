import { Console, Effect, Exit, FileSystem, Path, Redacted, Schedule, Stream } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { ChildProcess } from "effect/process"
import manifest from "../../package.json" with { type: "json" }
import { freePort } from "../FreePort.ts"
import { Surprise } from "./Report.ts"

/** A first start makes the database, which takes a few seconds. */
const patience = "60 seconds"

const root = `${import.meta.dirname}/../..`

/**
 * The service as `npm start` runs it, in a process of its own, on an empty directory. With the scope go the
 * process and the directory.
 *
 * @param egressAllow what `EGRESS_ALLOW` opens for it
 */
export const start = Effect.fnUntraced(function* (egressAllow: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "do-integrations-quickstart-" })
  const url = `http://127.0.0.1:${yield* freePort}`
  const [, ...args] = manifest.scripts.start.split(" ")
  const service = yield* ChildProcess.make(process.execPath, args, {
    cwd: root,
    // Nothing else: settings of the shell, such as DATABASE_URL, are not meant for this service.
    env: {
      PORT: new URL(url).port,
      PUBLIC_URL: url,
      DATA_DIR: path.join(directory, "data"),
      EGRESS_ALLOW: egressAllow
    },
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
  const ended = Effect.gen(function* () {
    const code = yield* service.exitCode
    return yield* new Surprise({ claim: "the service starts", found: `it ended with ${code}` })
  })
  yield* HttpClient.get(`${url}/readyz`).pipe(
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.timeout("1 second"),
    Effect.retry(Schedule.spaced("100 millis")),
    Effect.timeout(patience),
    Effect.raceFirst(ended)
  )
  const rootKey = yield* fs.readFileString(path.join(directory, ".keys", "root-api-key"))
  return { pid: service.pid, url, rootKey: Redacted.make(rootKey.trim()) }
})
