import { Schema } from "effect"

/** Levels of arrays and objects that JSON from outside may have; whatever walks it may then recurse. */
export const maxDepth = 100

const contents = (value: Schema.Json) =>
  typeof value === "object" && value !== null ? [Object.values(value)] : []

/** Whether JSON has at most {@link maxDepth} levels. */
// Level by level: what is too deep would be too deep for recursion here as well.
export const isShallow = (value: Schema.Json): boolean => {
  let level = contents(value)
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > maxDepth) return false
    level = level.flatMap((values) => values.flatMap(contents))
  }
  return true
}

/** Refuses JSON that is nested deeper than {@link maxDepth} levels. */
export const shallow = Schema.makeFilter(
  (value: Schema.Json) => isShallow(value) || `Expected at most ${maxDepth} levels of nesting`
)
