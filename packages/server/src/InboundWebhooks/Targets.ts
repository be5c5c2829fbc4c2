import type { Identity, Scope } from "@do-integrations/domain/ApiKey"
import { type Fault, Forbidden, Unprocessable } from "@do-integrations/domain/Problem"
import { CustomerId } from "@do-integrations/domain/Tenant"
import type { Route } from "@do-integrations/domain/Webhook/Inbound/Route"
import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { checkDestination } from "../Destinations.ts"
import { Egress } from "../Egress.ts"
import * as Column from "../Sql/Column.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { visibleTo } from "../Sql/Visible.ts"
import { WebhookHandlers } from "../WebhookHandlers.ts"

const Endpoint = Schema.Struct({ id: Schema.String, customerId: Schema.optionalKey(CustomerId) })

/** The webhook whose routes are looked at. */
interface Subject {
  readonly scheme: InboundScheme
  readonly customerId?: CustomerId | undefined
  /** Those it has already. An endpoint that one of them names was allowed by whoever named it. */
  readonly routes?: ReadonlyArray<Route>
}

const endpointOf = ({ to }: Route) => (to.type === "endpoint" ? [to.webhookId] : [])

/** Whether any of these routes goes to a URL, so that there has to be a secret to sign with. */
export const forwards = (routes: ReadonlyArray<Route> = []) => routes.some(({ to }) => to.type === "url")

/** How many names of URLs are resolved at a time. */
const resolvedAtOnce = 5

const publishes = ({ to }: Route) => to.type === "event" || to.type === "endpoint"

/** Whoever has messages made events publishes them. */
const checkScope = ({ scopes }: Identity, routes: ReadonlyArray<Route>) => {
  const requiredScope: Scope = "events:publish"
  if (scopes.has(requiredScope) || !routes.some(publishes)) return Effect.void
  const detail = `Routes to events and endpoints publish what comes in: the key lacks the scope ${requiredScope}`
  return Effect.fail(new Forbidden({ requiredScope, detail }))
}

/** Refuses, when they are saved, routes to what is not there, or may not be reached by whoever saves them. */
export const makeTargets = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const egress = yield* Egress
  const handlers = yield* WebhookHandlers
  const endpointRows = rowsOf(Endpoint)

  const faultOfHandler = (name: string, scheme: InboundScheme, eventTypes: Route["eventTypes"]) => {
    const handler = handlers.get(name)
    if (handler === undefined) return "Expected the name of a handler in this service's code"
    if (handler.source !== undefined && handler.source !== scheme.type) {
      return `Expected a handler of messages under scheme ${scheme.type}; this one is of ${handler.source}`
    }
    const { eventTypes: taken } = handler
    return taken === undefined || eventTypes?.every((type) => taken.includes(type)) === true
      ? undefined
      : `Expected a handler of all that the route takes; this one takes ${taken.join(", ")}: name them in eventTypes`
  }

  /**
   * The messages are those of the webhook's customer. As with events, an endpoint without a customer takes any, and
   * one of a customer's only that customer's.
   */
  const endpointsFor = Effect.fnUntraced(function* (
    caller: Identity,
    { customerId, routes: present = [] }: Subject,
    routes: ReadonlyArray<Route>
  ) {
    const wanted = routes.flatMap(endpointOf)
    if (wanted.length === 0) return new Set<string>()
    const rows = yield* sql`
      SELECT id, customer_id FROM outbound_webhooks
      WHERE id = ANY(${Column.text(wanted)}) AND ${visibleTo(sql, caller)}`.pipe(
      Effect.flatMap(endpointRows),
      Effect.orDie
    )
    const open = rows.filter((row) => row.customerId === undefined || row.customerId === customerId)
    return new Set<string>([...open.map(({ id }) => id), ...present.flatMap(endpointOf)])
  })

  const check = Effect.fnUntraced(function* (
    caller: Identity,
    subject: Subject,
    routes: ReadonlyArray<Route> | undefined
  ) {
    if (routes === undefined) return
    yield* checkScope(caller, routes)
    const reachable = yield* endpointsFor(caller, subject, routes)
    const faultOf = ({ eventTypes, to }: Route): readonly [field: string, message: string] | undefined => {
      if (to.type === "handler") {
        const message = faultOfHandler(to.handler, subject.scheme, eventTypes)
        return message === undefined ? undefined : ["handler", message]
      }
      return to.type === "endpoint" && !reachable.has(to.webhookId)
        ? ["webhookId", "Expected an outbound webhook that takes what is of this webhook's customer"]
        : undefined
    }
    const errors = routes.flatMap((route, index): ReadonlyArray<Fault> => {
      const fault = faultOf(route)
      if (fault === undefined) return []
      const [field, message] = fault
      return [{ path: ["payload", "routes", index, "to", field], message }]
    })
    if (errors.length > 0) return yield* new Unprocessable({ errors })
    yield* Effect.forEach(
      routes,
      ({ to }, index) =>
        to.type === "url" ? checkDestination(egress, ["routes", index, "to", "url"], to.url) : Effect.void,
      { concurrency: resolvedAtOnce, discard: true }
    )
  })

  return { check }
})
