/**
 * Adds up test reports: `testTotals.ts REPORT...` prints a line for each, what failed and why below it, and,
 * last, `N passed, N failed`.
 * A test file that could not be loaded, or failed around its tests, counts as one failure, and so does a run that left
 * no report.
 * Exits 1 when anything failed or nothing ran.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, FileSystem, Schema } from "effect"
import { basename } from "node:path"

const Report = Schema.fromJsonString(
  Schema.Struct({
    success: Schema.Boolean,
    numPassedTests: Schema.Int,
    numPendingTests: Schema.Int,
    testResults: Schema.Array(
      Schema.Struct({
        name: Schema.String,
        status: Schema.String,
        message: Schema.String,
        assertionResults: Schema.Array(
          Schema.Struct({
            fullName: Schema.String,
            status: Schema.String,
            failureMessages: Schema.optionalKey(Schema.Array(Schema.String))
          })
        )
      })
    )
  })
)

/** Lines of a failure that are printed: the end of a long log is all that some readers have. */
const shownLines = 12

const indented = (text: string) =>
  text
    .split("\n")
    .slice(0, shownLines)
    .map((line) => `      ${line}`)
    .join("\n")

const failuresOf = ({ testResults }: typeof Report.Type): Array<string> =>
  testResults.flatMap((file) => {
    const failed = file.assertionResults.filter(({ status }) => status === "failed")
    const told = failed.map(
      ({ failureMessages = [], fullName }) =>
        `  FAILED ${basename(file.name)}: ${fullName}\n${failureMessages.map(indented).join("\n")}`
    )
    return file.status === "failed" && failed.length === 0
      ? [`  FAILED ${basename(file.name)}, as a whole\n${indented(file.message)}`]
      : told
  })

const unread = (why: string) => ({ passed: 0, skipped: 0, told: [`  FAILED ${why}`] })

const totalsOf = Effect.fnUntraced(
  function* (file: string) {
    const fs = yield* FileSystem.FileSystem
    const report = yield* Schema.decodeUnknownEffect(Report)(yield* fs.readFileString(file))
    const told = failuresOf(report)
    // An unhandled error fails a run without failing a test.
    if (!report.success && told.length === 0)
      told.push("  FAILED outside of every test: see the output above")
    return {
      passed: report.numPassedTests,
      skipped: report.numPendingTests,
      told
    }
  },
  Effect.catchTags({
    PlatformError: () => Effect.succeed(unread("no report: the run was ended or did not begin")),
    SchemaError: ({ message }) => Effect.succeed(unread(`not a report: ${message}`))
  })
)

const program = Effect.gen(function* () {
  const sum = { passed: 0, failed: 0 }
  for (const file of process.argv.slice(2)) {
    const { passed, skipped, told } = yield* totalsOf(file)
    yield* Console.log(
      `${basename(file, ".json")}: ${passed} passed, ${told.length} failed, ${skipped} skipped`
    )
    for (const failure of told) yield* Console.log(failure)
    sum.passed += passed
    sum.failed += told.length
  }
  yield* Console.log(`${sum.passed} passed, ${sum.failed} failed`)
  if (sum.failed > 0 || sum.passed === 0) process.exitCode = 1
})

NodeRuntime.runMain(program.pipe(Effect.provide(NodeServices.layer)))
