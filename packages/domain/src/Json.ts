import { Schema } from "effect"

/** Levels of arrays and objects that JSON from outside may have; whatever walks it may then recurse. */
export const maxDepth = 100

// Level by level: what is too deep would be too deep for recursion here as well.
const isShallow = (value: Schema.Json): boolean => {
  let level: ReadonlyArray<Schema.Json> = [value]
  for (let depth = 0; depth <= maxDepth; depth++) {
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []))
    if (level.length === 0) return true
  }
  return false
}

/** Refuses JSON that is nested deeper than {@link maxDepth} levels. */
export const shallow = Schema.makeFilter(
  (value: Schema.Json) => isShallow(value) || `Expected at most ${maxDepth} levels of nesting`
)
