import { valueAt } from "@do-integrations/domain/Webhook/DataPath"
import type { Dedupe, Locator } from "@do-integrations/domain/Webhook/Inbound/Locator"
import { Option, type Schema } from "effect"
import { storable } from "../Sql/Storable.ts"
import { idAt } from "./IdAt.ts"
import type { Received } from "./Received.ts"
import type { Place, Traits } from "./Scheme.ts"

/** What a sender says of a message. */
export interface Identity {
  /** What a repetition has in common with it: the sender's id, or the body. */
  readonly key?: string | Uint8Array | undefined
  /** The sender's id of the message. */
  readonly externalId?: string | undefined
  /** The sender's name for what happened. */
  readonly eventType?: string | undefined
}

/** Characters of an id or a type that are kept. */
const maxKept = 255

const kept = (text: string | undefined) => (text === undefined ? undefined : storable(text, maxKept))

/** Reads what stands at a path of a body. */
type Reader = (payload: Schema.Json, path: string) => string | undefined

const typeAt: Reader = (payload, path) => {
  const value = valueAt(payload, path)
  if (typeof value === "string") return value === "" ? undefined : value
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined
}

const textOf = (received: Received, place: Place, read: Reader): string | undefined => {
  if (typeof place === "function") return place(received)
  if (place.in === "header") {
    const value = received.headers[place.name.toLowerCase()]
    return value === "" ? undefined : value
  }
  return Option.isNone(received.payload) ? undefined : read(received.payload.value, place.path)
}

const first = (received: Received, places: ReadonlyArray<Place>, read: Reader): string | undefined => {
  for (const place of places) {
    const text = textOf(received, place, read)
    if (text !== undefined) return text
  }
  return undefined
}

const idPlaces = (dedupe: Dedupe): ReadonlyArray<Locator> => {
  switch (dedupe.by) {
    case "header":
      return [{ in: "header", name: dedupe.name }]
    case "path":
      return [{ in: "body", path: dedupe.path }]
    default:
      return []
  }
}

/** Reads what senders say of their messages: where the webhook says, else where the scheme's vendor has it. */
export const identifier = (
  { eventType: typePlace, dedupe }: { readonly dedupe?: Dedupe; readonly eventType?: Locator },
  scheme: Traits
): ((received: Received) => Identity) => {
  const ids = dedupe === undefined ? (scheme.id ?? []) : idPlaces(dedupe)
  const types = typePlace === undefined ? (scheme.eventType ?? []) : [typePlace]
  return (received) => {
    const id = first(received, ids, idAt)
    return {
      key: dedupe?.by === "hash" ? received.body : id,
      externalId: kept(id),
      eventType: kept(first(received, types, typeAt))
    }
  }
}
