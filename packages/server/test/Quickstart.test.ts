import { NodeServices } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, FileSystem, Path, Stream } from "effect"
import { ChildProcess } from "effect/process"
import manifest from "../../../package.json" with { type: "json" }
import { temporaryDirectory } from "./support/TestDatabase.ts"

/** `npm run quickstart` with nothing from the environment but where temporary files go. */
const quickstart = Effect.fnUntraced(function* (temporary: string) {
  const path = yield* Path.Path
  const [, ...args] = manifest.scripts.quickstart.split(" ")
  const process = yield* ChildProcess.make(globalThis.process.execPath, args, {
    cwd: path.join(import.meta.dirname, "../../.."),
    env: { TMPDIR: temporary },
    stdin: "ignore"
  })
  const [output, errors, code] = yield* Effect.all(
    [
      Stream.mkString(Stream.decodeText(process.stdout)),
      Stream.mkString(Stream.decodeText(process.stderr)),
      process.exitCode
    ],
    { concurrency: "unbounded" }
  )
  return { output, errors, code: Number(code) }
}, Effect.scoped)

it.live(
  "shows the main job on real webhooks, checks every step and leaves nothing behind",
  () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const temporary = yield* temporaryDirectory
      const { code, errors, output } = yield* quickstart(temporary)
      assert.strictEqual(errors, "")
      assert.strictEqual(code, 0)
      for (const line of [
        "ok  12 messages are stored, verified, byte for byte as they were sent",
        "ok  13 deliveries verified, each with an id of its own",
        "ok  12 of them tell of a webhook from GitHub",
        "401  urn:do-integrations:problem:invalid-signature",
        "ok  nothing was stored: 12 messages before, 12 after",
        "ok  14 events, no more and no fewer",
        "ok  all 13 deliveries succeeded at the first attempt",
        "ok  the chain of 5 entries is intact",
        "Everything held"
      ]) {
        assert.include(output, line)
      }
      assert.deepStrictEqual(yield* fs.readDirectory(temporary), [])
    }).pipe(Effect.provide(NodeServices.layer)),
  120_000
)

it.live("says in one line what went wrong, and exits with 1", () =>
  Effect.gen(function* () {
    const { code, errors, output } = yield* quickstart("/nonexistent")
    assert.strictEqual(code, 1)
    assert.match(errors, /^\nFAILED {2}[^\n]+\n$/)
    assert.notInclude(output, "Everything held")
  }).pipe(Effect.provide(NodeServices.layer))
)
