import { type OutputUnit, Validator } from "@cfworker/json-schema"
import type { Fault } from "@do-integrations/domain/Problem"
import type { Schema } from "effect"

type JsonObject = { readonly [key: string]: Schema.Json }

/** Keywords that hold one schema, a list of schemas, or schemas by name. */
const nesting: ReadonlySet<string> = new Set([
  "additionalProperties",
  "allOf",
  "anyOf",
  "contains",
  "dependentSchemas",
  "else",
  "if",
  "items",
  "not",
  "oneOf",
  "prefixItems",
  "properties",
  "propertyNames",
  "then"
])

const named: ReadonlySet<string> = new Set(["dependentSchemas", "properties"])

/** Keywords with plain values. */
const plain: ReadonlySet<string> = new Set([
  "$comment",
  "$schema",
  "const",
  "default",
  "dependentRequired",
  "deprecated",
  "description",
  "enum",
  "examples",
  "exclusiveMaximum",
  "exclusiveMinimum",
  "maxContains",
  "maxItems",
  "maxLength",
  "maxProperties",
  "maximum",
  "minContains",
  "minItems",
  "minLength",
  "minProperties",
  "minimum",
  "multipleOf",
  "required",
  "title",
  "type"
])

/** Schemas nested deeper than this are refused. */
const maxDepth = 32

const isObject = (value: Schema.Json): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * What of a tenant's JSON Schema is not supported. Only keywords whose cost is bounded by the size of schema
 * and data are: `pattern` would let a tenant stall everyone with one expression, `$ref` with one short loop.
 */
export const unsupported = (schema: Schema.Json, path: ReadonlyArray<string> = []): Fault | undefined => {
  if (typeof schema === "boolean") return undefined
  if (!isObject(schema)) return { path, message: "Expected a JSON Schema" }
  if (path.length > maxDepth) return { path, message: `Expected at most ${maxDepth} levels` }
  for (const [keyword, value] of Object.entries(schema)) {
    const here = [...path, keyword]
    if (plain.has(keyword)) continue
    if (!nesting.has(keyword)) return { path: here, message: "This keyword is not supported" }
    const children =
      Array.isArray(value) || (named.has(keyword) && isObject(value)) ? Object.entries(value) : undefined
    const fault =
      children === undefined
        ? unsupported(value, here)
        : children
            .map(([key, child]) => unsupported(child, [...here, key]))
            .find((found) => found !== undefined)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** Where data does not fit a schema that {@link unsupported} let pass; empty when it fits. */
export const faults = (schema: JsonObject, data: Schema.Json): ReadonlyArray<Fault> =>
  new Validator(structuredClone(schema), "2020-12", false).validate(data).errors.slice(0, 20).map(toFault)

const toFault = ({ instanceLocation, keyword }: OutputUnit): Fault => ({
  path: ["payload", "data", ...instanceLocation.split("/").slice(1)],
  message: `Does not fit the event type's schema: ${keyword}`
})
