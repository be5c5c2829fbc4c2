import { NodeServices } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, Path, Schema, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { inject } from "vitest"
import manifest from "../../../package.json" with { type: "json" }
import { temporaryDirectory } from "./support/TestDatabase.ts"

const rounds = 5

const decodeResult = Schema.decodeUnknownEffect(
  Schema.fromJsonString(
    Schema.Struct({
      database: Schema.String,
      rounds: Schema.Int,
      accepted: Schema.Int,
      delivered: Schema.Int,
      lost: Schema.Int,
      faults: Schema.Int,
      worstResumeMs: Schema.Int
    })
  )
)

/** `npm run chaos` on a database of its own. */
const chaos = Effect.fnUntraced(function* (temporary: string) {
  const path = yield* Path.Path
  const template = inject("testDatabase")
  const [, ...args] = manifest.scripts.chaos.split(" ")
  const process = yield* ChildProcess.make(
    globalThis.process.execPath,
    [...args, "--rounds", String(rounds)],
    {
      cwd: path.join(import.meta.dirname, "../../.."),
      env: {
        TMPDIR: temporary,
        ...(template._tag === "Postgres" ? { CHAOS_DATABASE_URL: template.url } : {})
      },
      stdin: "ignore"
    }
  )
  const [output, code] = yield* Effect.all(
    [Stream.mkString(Stream.decodeText(process.all)), process.exitCode],
    { concurrency: "unbounded" }
  )
  return { output, code: Number(code) }
}, Effect.scoped)

it.live(
  `loses nothing that was answered, and repeats only what was in flight, in ${rounds} rounds of kill -9`,
  () =>
    Effect.gen(function* () {
      const { code, output } = yield* chaos(yield* temporaryDirectory)
      yield* Effect.log(output)
      assert.strictEqual(code, 0, output)
      const result = yield* decodeResult(output.split("\n").findLast((line) => line.startsWith("{")))
      const database = inject("testDatabase")._tag === "Embedded" ? "embedded" : "postgres"
      assert.deepInclude(result, { database, rounds, lost: 0, faults: 0 })
      assert.isAbove(result.accepted, rounds)
      // Each event goes to four endpoints at least.
      assert.isAbove(result.delivered, 3 * result.accepted)
    }).pipe(Effect.provide(NodeServices.layer)),
  180_000
)
