import { Console, Effect, Schema } from "effect"

/** Something came out otherwise than it has to. */
export class Surprise extends Schema.TaggedError<Surprise>()("Surprise", {
  /** What had to hold. */
  claim: Schema.String,
  /** What came instead. */
  found: Schema.String
}) {
  override get message() {
    return `${this.claim}: ${this.found}`
  }
}

/** Says what comes next. */
export const heading = (text: string) => Console.log(`\n${text}`)

/** Goes on only if what is claimed holds, and says so. `found` is shown when it does not. */
export const check = Effect.fnUntraced(function* (claim: string, holds: boolean, found: unknown) {
  if (!holds) return yield* new Surprise({ claim, found: JSON.stringify(found) ?? String(found) })
  yield* Console.log(`  ok  ${claim}`)
})

/** Prints rows as aligned columns. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>) => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "))
  return Console.log(lines.map((line) => `      ${line.trimEnd()}`).join("\n"))
}
