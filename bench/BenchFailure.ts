import { Schema } from "effect"

/** The benchmark cannot go on, or what it measured does not count. */
export class BenchFailure extends Schema.TaggedError<BenchFailure>()("BenchFailure", {
  problem: Schema.String
}) {
  override get message() {
    return this.problem
  }
}
