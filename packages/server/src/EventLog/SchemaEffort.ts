import type { Schema } from "effect"

/** How much of something stands at each depth of nesting, from the outermost. */
type ByDepth = ReadonlyArray<number>

const combine =
  (f: (a: number, b: number) => number) =>
  (vectors: ReadonlyArray<ByDepth>): ByDepth =>
    vectors.reduce(
      (sofar, one) =>
        Array.from({ length: Math.max(sofar.length, one.length) }, (_, depth) =>
          f(sofar[depth] ?? 0, one[depth] ?? 0)
        ),
      []
    )

const sum = combine((a, b) => a + b)
const largest = combine(Math.max)
const deeper = (vector: ByDepth): ByDepth => (vector.length === 0 ? [] : [0, ...vector])

const childrenOf = (value: Schema.Json | undefined): ReadonlyArray<Schema.Json> =>
  typeof value === "object" && value !== null ? Object.values(value) : []

// Data may be wider than a call has room for arguments.
const valuesIn = (value: Schema.Json): ByDepth => {
  const counts: Array<number> = []
  for (let level: ReadonlyArray<Schema.Json> = [value]; level.length > 0; level = level.flatMap(childrenOf)) {
    counts.push(level.length)
  }
  return counts
}

const total = (vector: ByDepth) => vector.reduce((a, b) => a + b, 0)

/** How many checks one value at each depth below a schema costs at most. */
const checksOf = (schema: Schema.Json | undefined): ByDepth => {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema))
    return schema === undefined ? [] : [1]
  const keywords = new Map(Object.entries(schema))
  const one = (...names: ReadonlyArray<string>) => names.map((name) => checksOf(keywords.get(name)))
  const many = (name: string) => childrenOf(keywords.get(name)).map(checksOf)
  const compared = ["enum", "const"].map((name) => keywords.get(name)).filter((value) => value !== undefined)
  return sum([
    [1 + total(sum(compared.map(valuesIn)))],
    // These look at the same value again.
    ...["allOf", "anyOf", "oneOf", "dependentSchemas"].flatMap(many),
    ...one("not", "if", "then", "else"),
    // Of these, one at most looks at each value within.
    deeper(largest([...many("properties"), ...one("additionalProperties")])),
    deeper(largest([...many("prefixItems"), ...one("items")])),
    ...one("contains", "propertyNames").map(deeper)
  ])
}

/**
 * How many checks it takes at most to see whether data fits a schema without `$ref`: at each depth, the
 * checks that the schema has for a value there, for every value that the data has there.
 */
export const effort = (schema: Schema.Json, data: Schema.Json): number => {
  const values = valuesIn(data)
  return checksOf(schema).reduce((sofar, checks, depth) => sofar + checks * (values[depth] ?? 0), 0)
}
