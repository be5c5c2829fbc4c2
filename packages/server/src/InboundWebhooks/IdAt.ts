import { maxElements } from "@do-integrations/domain/Webhook/DataPath"
import type { Schema } from "effect"

const isList = (value: Schema.Json): value is ReadonlyArray<Schema.Json> => Array.isArray(value)

/** The value of a name; undefined where it is not there. */
const ownAt = (value: Schema.Json, name: string): Schema.Json | undefined =>
  typeof value === "object" && value !== null && !isList(value) && Object.hasOwn(value, name)
    ? value[name]
    : undefined

/** All that stands at a path; undefined where something on the way does not have it, or where it is too much. */
const allAt = (payload: Schema.Json, path: string): ReadonlyArray<Schema.Json> | undefined => {
  let values = isList(payload) ? payload : [payload]
  for (const name of path.split(".")) {
    if (values.length >= maxElements) return undefined
    const inner: Array<Schema.Json> = []
    for (const value of values) {
      const own = ownAt(value, name)
      const some = own === undefined ? [] : isList(own) ? own : [own]
      if (some.length === 0 || inner.length + some.length >= maxElements) return undefined
      for (const one of some) inner.push(one)
    }
    values = inner
  }
  return values
}

/**
 * An id as text. A number that the sender's digits cannot be told from is none: above 2^53 several of them are read as
 * the same one.
 */
const textOf = (value: Schema.Json): string | undefined => {
  if (typeof value === "string") return value === "" ? undefined : value
  const told = typeof value === "number" && (Number.isSafeInteger(value) || !Number.isInteger(value))
  return told && Number.isFinite(value) ? String(value) : undefined
}

/** Several ids as one text that no others make; undefined where there is none. */
export const joinedIds = (ids: ReadonlyArray<string>): string | undefined =>
  ids.length > 1 ? JSON.stringify(ids) : ids[0]

/**
 * The id at a path. Where arrays make it several, it is all of them: one alone could come again in another company. None
 * where one is missing or is no id, and none from {@link maxElements} on.
 */
export const idAt = (payload: Schema.Json, path: string): string | undefined => {
  const ids: Array<string> = []
  for (const value of allAt(payload, path) ?? []) {
    const id = textOf(value)
    if (id === undefined) return undefined
    ids.push(id)
  }
  return joinedIds(ids)
}
