import { Schema } from "effect"

const maxNames = 10
const maxLength = 500

/**
 * Elements of arrays that a path is followed through at each of its names, the first ones: data may be long,
 * and are looked at once for each path of each endpoint.
 */
export const maxElements = 100

const fault = (path: string): string | undefined => {
  const names = path.split(".", maxNames + 1)
  const fits =
    path.length <= maxLength &&
    names.length <= maxNames &&
    !names.includes("") &&
    !path.startsWith("$") &&
    path.isWellFormed() &&
    !path.includes("\0")
  return fits
    ? undefined
    : `Expected 1 to ${maxNames} names joined by dots, ${maxLength} characters at most, not beginning with $`
}

/** Where something stands in an event's data: the names that lead to it, such as `customer.plan`. */
export const DataPath = Schema.String.annotate({
  description:
    `The names that lead to a value in the data, joined by dots, such as \`customer.plan\`: 1 to ${maxNames} of ` +
    "them, not beginning with `$`."
})
  .check(Schema.isMaxLength(maxLength), Schema.makeFilter(fault))
  .annotate({ identifier: "DataPath" })
export type DataPath = typeof DataPath.Type

const isList = (value: Schema.Json): value is ReadonlyArray<Schema.Json> => Array.isArray(value)

/**
 * The values, and in place of arrays what is in them, however deep. Arrays in arrays count as elements, which
 * bounds the recursion too.
 */
const spread = (values: ReadonlyArray<Schema.Json>): ReadonlyArray<Schema.Json> => {
  if (!values.some(isList)) return values
  const flat: Array<Schema.Json> = []
  let left = maxElements
  const walk = (list: ReadonlyArray<Schema.Json>) => {
    for (const value of list) {
      if (left === 0) return
      left -= 1
      if (isList(value)) walk(value)
      else flat.push(value)
    }
  }
  for (const value of values) walk(isList(value) ? value : [value])
  return flat
}

const owned = (values: ReadonlyArray<Schema.Json>, name: string): ReadonlyArray<Schema.Json> => {
  const inner: Array<Schema.Json> = []
  for (const value of values) {
    if (typeof value !== "object" || value === null || isList(value) || !Object.hasOwn(value, name)) continue
    const own = value[name]
    if (own !== undefined) inner.push(own)
  }
  return inner
}

/** What stands at a path. */
export interface Reached {
  /** Whether the path leads anywhere, if only to an empty array. */
  readonly exists: boolean
  /** The values that it leads to. Arrays on its way and at its end stand for their first {@link maxElements}. */
  readonly values: ReadonlyArray<Schema.Json>
}

/**
 * Looks paths up in the same data, by own properties alone: `constructor` is a name like others. What several paths
 * begin with is followed once. Never throws, and looks at no more than {@link maxElements} for each name.
 */
export const reachIn = (data: Schema.Json): ((path: DataPath) => Reached) => {
  const known = new Map<DataPath, Reached>()
  const reach = (path: DataPath): Reached => {
    const before = known.get(path)
    if (before !== undefined) return before
    const dot = path.lastIndexOf(".")
    const from = dot === -1 ? spread([data]) : reach(path.slice(0, dot)).values
    const ends = owned(from, path.slice(dot + 1))
    const reached = { exists: ends.length > 0, values: spread(ends) }
    known.set(path, reached)
    return reached
  }
  return reach
}

/** The value at a path in the data, the first one where arrays make it several; `undefined` where nothing stands. */
export const valueAt = (data: Schema.Json, path: DataPath): Schema.Json | undefined =>
  reachIn(data)(path).values[0]
