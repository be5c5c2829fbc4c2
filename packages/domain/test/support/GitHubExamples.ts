import { Schema } from "effect"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const Examples = Schema.fromJsonString(
  Schema.Array(Schema.Struct({ name: Schema.String, examples: Schema.Array(Schema.JsonObject) }))
)

const file = fileURLToPath(import.meta.resolve("@octokit/webhooks-examples"))

/** The payloads that `@octokit/webhooks-examples` has, each with the name of its event: 329 of 58 events. */
export const githubExamples = Schema.decodeUnknownSync(Examples)(readFileSync(file, "utf8")).flatMap(
  ({ examples, name }) => examples.map((payload) => ({ name, payload }))
)

/** What kind of JSON a value is. */
export const kindOf = (value: unknown) =>
  value === null ? "null" : Array.isArray(value) ? "array" : typeof value

/** Whether it is an object. */
export const isObject = (value: unknown): value is Schema.JsonObject => kindOf(value) === "object"

/** An object without a field, or with another value in it. */
export const changed = (
  object: Schema.JsonObject,
  field: string,
  value: Schema.Json | undefined
): Schema.JsonObject => {
  const { [field]: _, ...rest } = object
  return value === undefined ? rest : { ...rest, [field]: value }
}
