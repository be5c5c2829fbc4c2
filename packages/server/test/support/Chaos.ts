import { NodeServices } from "@effect/platform-node"
import { Effect, Path, Schema, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { inject } from "vitest"
import manifest from "../../../../package.json" with { type: "json" }
import { temporaryDirectory } from "./TestDatabase.ts"

const decodeResult = Schema.decodeUnknownEffect(
  Schema.fromJsonString(
    Schema.Struct({
      database: Schema.String,
      rounds: Schema.Int,
      accepted: Schema.Int,
      lost: Schema.Int,
      faults: Schema.Int,
      /** What the receivers have taken: of the way out. */
      delivered: Schema.optionalKey(Schema.Int),
      /** The same of the way in. */
      forwarded: Schema.optionalKey(Schema.Int)
    })
  )
)

/** The database that {@link chaos} has to say it ran on. */
export const expectedDatabase = () => (inject("testDatabase")._tag === "Embedded" ? "embedded" : "postgres")

/** `npm run chaos` with these flags, on a database of its own: how it ended, and its result where it came to one. */
export const chaos = (...flags: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const template = inject("testDatabase")
    const [, ...args] = manifest.scripts.chaos.split(" ")
    const process = yield* ChildProcess.make(globalThis.process.execPath, [...args, ...flags], {
      cwd: path.join(import.meta.dirname, "../../../.."),
      env: {
        TMPDIR: yield* temporaryDirectory,
        ...(template._tag === "Postgres" ? { CHAOS_DATABASE_URL: template.url } : {})
      },
      stdin: "ignore"
    })
    const [output, code] = yield* Effect.all(
      [Stream.mkString(Stream.decodeText(process.all)), process.exitCode],
      { concurrency: "unbounded" }
    )
    yield* Effect.log(output)
    const last = output.split("\n").findLast((line) => line.startsWith("{"))
    return { output, code: Number(code), result: yield* Effect.option(decodeResult(last)) }
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
