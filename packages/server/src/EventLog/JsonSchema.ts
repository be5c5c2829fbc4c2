import { type OutputUnit, Validator } from "@cfworker/json-schema"
import type { Fault } from "@do-integrations/domain/Problem"
import { Result, Schema } from "effect"
import { effort } from "./SchemaEffort.ts"

type JsonObject = { readonly [key: string]: Schema.Json }

/** How a keyword holds schemas. */
type Form = "one" | "list" | "named"

/** Keywords that hold one schema, a list of schemas, or schemas by name. */
const nesting = new Map<string, Form>([
  ["additionalProperties", "one"],
  ["allOf", "list"],
  ["anyOf", "list"],
  ["contains", "one"],
  ["dependentSchemas", "named"],
  ["else", "one"],
  ["if", "one"],
  ["items", "one"],
  ["not", "one"],
  ["oneOf", "list"],
  ["prefixItems", "list"],
  ["properties", "named"],
  ["propertyNames", "one"],
  ["then", "one"]
])

const text = Schema.String
const count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const names = Schema.Array(Schema.String)
const typeName = Schema.Literals(["array", "boolean", "integer", "null", "number", "object", "string"])

/** What keywords with plain values may hold (JSON Schema Validation 2020-12, sections 6 and 9). */
const plain = new Map<string, (value: unknown) => boolean>([
  ["$comment", Schema.is(text)],
  ["$schema", Schema.is(text)],
  ["const", Schema.is(Schema.Json)],
  ["default", Schema.is(Schema.Json)],
  ["dependentRequired", Schema.is(Schema.Record(Schema.String, names))],
  ["deprecated", Schema.is(Schema.Boolean)],
  ["description", Schema.is(text)],
  ["enum", Schema.is(Schema.Array(Schema.Json))],
  ["examples", Schema.is(Schema.Array(Schema.Json))],
  ["exclusiveMaximum", Schema.is(Schema.Finite)],
  ["exclusiveMinimum", Schema.is(Schema.Finite)],
  ["maxContains", Schema.is(count)],
  ["maxItems", Schema.is(count)],
  ["maxLength", Schema.is(count)],
  ["maxProperties", Schema.is(count)],
  ["maximum", Schema.is(Schema.Finite)],
  ["minContains", Schema.is(count)],
  ["minItems", Schema.is(count)],
  ["minLength", Schema.is(count)],
  ["minProperties", Schema.is(count)],
  ["minimum", Schema.is(Schema.Finite)],
  ["multipleOf", Schema.is(Schema.Finite.check(Schema.isGreaterThan(0)))],
  ["required", Schema.is(names)],
  ["title", Schema.is(text)],
  ["type", Schema.is(Schema.Union([typeName, Schema.Array(typeName)]))]
])

/** Schemas nested deeper than this are refused. */
const maxDepth = 32

const isObject = (value: Schema.Json): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The schemas under a keyword, each with what leads to it; none where the value has another form. */
const childrenOf = (
  form: Form,
  value: Schema.Json
): ReadonlyArray<readonly [ReadonlyArray<string>, Schema.Json]> | undefined => {
  if (form === "one") return [[[], value]]
  const fits = form === "list" ? Array.isArray(value) : isObject(value)
  return fits ? Object.entries(value ?? {}).map(([key, child]) => [[key], child]) : undefined
}

/**
 * What of a tenant's JSON Schema is not supported. Only keywords whose cost {@link effort} bounds are: `pattern` would let a tenant stall everyone with one expression, `$ref` with one short loop.
 */
export const unsupported = (schema: Schema.Json, path: ReadonlyArray<string> = []): Fault | undefined => {
  if (typeof schema === "boolean") return undefined
  if (!isObject(schema)) return { path, message: "Expected a JSON Schema" }
  if (path.length > maxDepth) return { path, message: `Expected at most ${maxDepth} levels` }
  for (const [keyword, value] of Object.entries(schema)) {
    const here = [...path, keyword]
    const malformed = { path: here, message: `Expected what JSON Schema allows under ${keyword}` }
    const fits = plain.get(keyword)
    if (fits !== undefined) {
      if (!fits(value)) return malformed
      continue
    }
    const form = nesting.get(keyword)
    if (form === undefined) return { path: here, message: "This keyword is not supported" }
    const children = childrenOf(form, value)
    if (children === undefined) return malformed
    for (const [steps, child] of children) {
      const fault = unsupported(child, [...here, ...steps])
      if (fault !== undefined) return fault
    }
  }
  return undefined
}

/** Keywords that fail only because a schema within them does, which is a fault of its own. */
const enclosing: ReadonlySet<string> = new Set([
  "additionalProperties",
  "allOf",
  "dependentSchemas",
  "else",
  "if",
  "items",
  "prefixItems",
  "properties",
  "propertyNames",
  "then"
])

/** Checks that one publication may cost: a fraction of a second. */
const maxEffort = 250_000

const notChecked = (why: string): ReadonlyArray<Fault> => [{ path: ["payload", "data"], message: why }]

/** Where data does not fit a schema that {@link unsupported} let pass; empty when it fits. */
export const faults = (schema: JsonObject, data: Schema.Json): ReadonlyArray<Fault> =>
  effort(schema, data) > maxEffort
    ? notChecked("Data and the event type's schema are too large for one another to be checked")
    : validated(schema, data)

const validated = (schema: JsonObject, data: Schema.Json): ReadonlyArray<Fault> =>
  // The validator throws at names that are no UTF-8 and at more errors than a call has room for.
  Result.try(() => new Validator(structuredClone(schema), "2020-12", false).validate(data)).pipe(
    Result.match({
      onSuccess: ({ errors }) => {
        const causes = errors.filter(({ keyword }) => !enclosing.has(keyword))
        return (causes.length > 0 ? causes : errors).slice(0, 20).map(toFault)
      },
      onFailure: () => notChecked("Cannot be checked by the event type's schema")
    })
  )

/** The steps of a JSON pointer in the URI form (RFC 6901, section 6). */
const stepsOf = (pointer: string) =>
  pointer
    .split("/")
    .slice(1)
    .map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"))

const toFault = ({ instanceLocation, keyword }: OutputUnit): Fault => ({
  path: ["payload", "data", ...stepsOf(instanceLocation)],
  message:
    keyword === "false"
      ? "The event type's schema has no place for this"
      : `Does not fit the event type's schema: ${keyword}`
})
