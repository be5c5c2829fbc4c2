import { matcherOf } from "@do-integrations/domain/Webhook/Filter"
import { type Route, takesType } from "@do-integrations/domain/Webhook/Inbound/Route"
import type { Ordering } from "@do-integrations/domain/Webhook/Outbound"
import { Option, type Schema } from "effect"
import { orderingKeyOf } from "../OrderingKey.ts"

/** A route that took a message. */
export interface Taken {
  readonly route: string
  /** What the handling is ordered by; null where the webhook has no order. */
  readonly orderingKey: string | null
}

/** Finds the routes that take a message, by the sender's type of it and what it holds. */
export type Router = (
  eventType: string | undefined,
  payload: () => Option.Option<Schema.Json>
) => ReadonlyArray<Taken>

// Parsed only where something in it decides.
const keyOf = (ordering: Ordering, payload: () => Option.Option<Schema.Json>) =>
  orderingKeyOf(ordering, ordering.key === undefined ? undefined : Option.getOrUndefined(payload()))

/** Reads a webhook's routes once. Every route has an order of its own. */
export const makeRouter = (routes: ReadonlyArray<Route>, ordering: Ordering | undefined): Router => {
  const compiled = routes.map(({ eventTypes, filter, name }) => {
    const matcher = filter === undefined ? undefined : matcherOf(filter)
    return {
      name,
      takes: (type: string | undefined, payload: () => Option.Option<Schema.Json>) => {
        if (eventTypes !== undefined && !eventTypes.some((pattern) => takesType(pattern, type))) return false
        if (matcher === undefined) return true
        const body = payload()
        return Option.isSome(body) && matcher(body.value)
      }
    }
  })
  return (type, payload) =>
    compiled
      .filter(({ takes }) => takes(type, payload))
      .map(({ name }) => ({
        route: name,
        orderingKey: ordering === undefined ? null : `${name} ${keyOf(ordering, payload)}`
      }))
}
