import { Fault } from "@do-integrations/domain/Problem"
import { assert } from "@effect/vitest"
import { Schema } from "effect"
import { STATUS_CODES } from "node:http"
import type { RawAnswer } from "./RawHttp.ts"

/** What every problem document has; `about:blank` means no more than the status (RFC 9457, section 4.2.1). */
const ProblemDocument = Schema.Struct({
  type: Schema.String,
  status: Schema.Int,
  title: Schema.NonEmptyString,
  detail: Schema.optionalKey(Schema.String),
  errors: Schema.optionalKey(Schema.Array(Fault))
})

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(ProblemDocument))

/** Asserts that an answer is a whole problem document, and gives it back. */
export const problemOf = (answer: RawAnswer, about = ""): typeof ProblemDocument.Type => {
  assert.strictEqual(answer.headers["content-type"], "application/problem+json", about)
  const problem = decode(answer.body)
  assert.strictEqual(problem.status, answer.status, about)
  if (problem.type === "about:blank") assert.strictEqual(problem.title, STATUS_CODES[answer.status], about)
  else assert.match(problem.type, /^urn:do-integrations:problem:[a-z-]+$/, about)
  return problem
}
