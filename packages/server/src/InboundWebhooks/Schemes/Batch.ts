import { valueAt } from "@do-integrations/domain/Webhook/DataPath"
import { Option, type Schema } from "effect"
import { idAt, joinedIds } from "../IdAt.ts"
import type { Received } from "../Received.ts"

const isList = (value: Schema.Json): value is ReadonlyArray<Schema.Json> => Array.isArray(value)

/** The events in a body: its elements where it is an array, else itself. */
const eventsOf = (received: Received): ReadonlyArray<Schema.Json> => {
  const payload = Option.getOrUndefined(received.payload)
  if (payload === undefined) return []
  return isList(payload) ? payload : [payload]
}

const textAt = (event: Schema.Json, path: string): string | undefined => {
  const value = valueAt(event, path)
  if (typeof value === "number") return String(value)
  return typeof value === "string" && value !== "" ? value : undefined
}

/**
 * The id of a body with several events: those of all of them, in their order. One event alone could come again in
 * another company. No id unless every event has all that makes its own, which stands at the paths.
 */
export const idOfAll =
  (...paths: ReadonlyArray<string>) =>
  (received: Received): string | undefined => {
    const ids: Array<string> = []
    for (const event of eventsOf(received)) {
      for (const path of paths) {
        const id = idAt(event, path)
        if (id === undefined) return undefined
        ids.push(id)
      }
    }
    return joinedIds(ids)
  }

/** The type that all events of a body have in common: a body with events of several types has none. */
export const typeOfAll =
  (path: string) =>
  (received: Received): string | undefined => {
    const [first, ...others] = eventsOf(received)
    const type = first === undefined ? undefined : textAt(first, path)
    return others.every((event) => textAt(event, path) === type) ? type : undefined
  }
