/**
 * Adds up test reports: `testTotals.ts REPORT...` prints a line for each and, last, `N passed, N failed`.
 * A test file that could not be loaded counts as one failure, and so does a run that left no report.
 * Exits 1 when anything failed or nothing ran.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, FileSystem, Schema } from "effect"
import { basename } from "node:path"

const Report = Schema.fromJsonString(
  Schema.Struct({
    success: Schema.Boolean,
    numPassedTests: Schema.Int,
    numFailedTests: Schema.Int,
    numPendingTests: Schema.Int,
    testResults: Schema.Array(
      Schema.Struct({ status: Schema.String, assertionResults: Schema.Array(Schema.Unknown) })
    )
  })
)

const totalsOf = Effect.fnUntraced(
  function* (file: string) {
    const fs = yield* FileSystem.FileSystem
    const report = yield* Schema.decodeUnknownEffect(Report)(yield* fs.readFileString(file))
    const unloaded = report.testResults.filter(
      (result) => result.status === "failed" && result.assertionResults.length === 0
    ).length
    const counted = report.numFailedTests + unloaded
    // An unhandled error fails a run without failing a test.
    const failed = report.success ? counted : Math.max(counted, 1)
    return { passed: report.numPassedTests, failed, skipped: report.numPendingTests }
  },
  Effect.catchTags({
    PlatformError: () => Effect.succeed({ passed: 0, failed: 1, skipped: 0 }),
    SchemaError: () => Effect.succeed({ passed: 0, failed: 1, skipped: 0 })
  })
)

const program = Effect.gen(function* () {
  const sum = { passed: 0, failed: 0 }
  for (const file of process.argv.slice(2)) {
    const { passed, failed, skipped } = yield* totalsOf(file)
    yield* Console.log(`${basename(file, ".json")}: ${passed} passed, ${failed} failed, ${skipped} skipped`)
    sum.passed += passed
    sum.failed += failed
  }
  yield* Console.log(`${sum.passed} passed, ${sum.failed} failed`)
  if (sum.failed > 0 || sum.passed === 0) process.exitCode = 1
})

NodeRuntime.runMain(program.pipe(Effect.provide(NodeServices.layer)))
