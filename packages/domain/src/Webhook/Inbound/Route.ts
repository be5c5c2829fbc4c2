import { Schema } from "effect"
import { described } from "../../Described.ts"
import { TenantEventTypeName } from "../../Event.ts"
import { WebUrl } from "../../Http.ts"
import { storable } from "../../Text.ts"
import { Filter } from "../Filter.ts"
import { OutboundWebhookId } from "../Outbound.ts"

/** What a route is called; it is what a message's handlings are told apart by. */
export const RouteName = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/u, {
    message: "Expected 1 to 63 letters, digits, _, . or -, the first a letter or digit"
  })
).annotate({ identifier: "RouteName", description: "What a route is called." })
export type RouteName = typeof RouteName.Type

/** The name of a handler in the service's code. */
export const HandlerName = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/u, {
    message: "Expected 1 to 100 letters, digits, _, . or -, the first a letter or digit"
  })
).annotate({ identifier: "HandlerName", description: "The name of a handler in the service's code." })

/** A sender's event type, or the beginning of some and a `*`. */
export const SourceTypePattern = Schema.String.check(
  storable,
  Schema.isPattern(/^(?:\*|[^*]{1,200}\*?)$/u, {
    message: "Expected an event type of the sender's, one that ends in *, or * alone"
  })
).annotate({
  identifier: "SourceTypePattern",
  description:
    "An event type as the sender writes it, such as `push`; `invoice.*` for all that begin so; `*` for all."
})

/** Whether a sender's event type is one that the pattern takes. A message without a type is taken by `*` alone. */
export const takesType = (pattern: string, type: string | undefined): boolean => {
  if (pattern === "*") return true
  if (type === undefined) return false
  return pattern.endsWith("*") ? type.startsWith(pattern.slice(0, -1)) : pattern === type
}

/** Where the sender's event type goes in an event type of the tenant's. */
const typePlace = "{type}"

/** An event type of the tenant's; `{type}` in it stands for the sender's. */
export const EventTypeTemplate = Schema.String.annotate({
  description:
    "An event type of the tenant's own; `{type}` in it stands for the sender's event type: `github.{type}`."
})
  .check(
    Schema.isMaxLength(300),
    Schema.makeFilter((template) =>
      Schema.is(TenantEventTypeName)(template.replaceAll(typePlace, "x"))
        ? undefined
        : "Expected an event type outside the platform's namespaces, such as github.{type}"
    )
  )
  .annotate({ identifier: "EventTypeTemplate" })

/** The event type that a template makes of a sender's; what cannot stand in one becomes `_`. */
export const eventTypeFrom = (template: string, type: string | undefined): string =>
  template.replaceAll(typePlace, () => (type ?? "unknown").replaceAll(/[^A-Za-z0-9_.:-]/g, "_").slice(0, 64))

/** What becomes of a message that a route takes. */
export const RouteTarget = Schema.Union([
  Schema.Struct({
    type: Schema.tag("handler").pipe(described("A handler in the service's code gets it.")),
    handler: HandlerName.pipe(described("The handler's name."))
  }),
  Schema.Struct({
    type: Schema.tag("endpoint").pipe(
      described("An outbound webhook gets it, as an event that goes to that webhook alone.")
    ),
    webhookId: OutboundWebhookId.pipe(described("The outbound webhook.")),
    eventType: EventTypeTemplate.pipe(described("The type of that event."))
  }),
  Schema.Struct({
    type: Schema.tag("url").pipe(
      described(
        "It is posted to a URL as it came, signed with the webhook's forwarding secret (Standard Webhooks); its " +
          "own headers stand there with `forwarded-` before their names."
      )
    ),
    url: WebUrl.pipe(described("Where it is posted to."))
  }),
  Schema.Struct({
    type: Schema.tag("event").pipe(described("It becomes an event of the tenant's.")),
    eventType: EventTypeTemplate.pipe(described("The event's type."))
  })
]).annotate({
  identifier: "RouteTarget",
  description:
    "What becomes of a message that a route takes. To `endpoint` and `event` it goes as an event with the data " +
    "`{ message, payload }`. `message` has `id`, `webhookId`, `source`, `externalId` and `eventType` where there are any, " +
    "`verified`, `headers` (by lower-case names, without those that may hold credentials) and `hops`: how often it was " +
    "forwarded from one inbound webhook to the next, this time included; after five times it is dead. `payload` is the " +
    "body where it is JSON or a form; else `body` stands in its place, in base64. A route is found by its name " +
    "when a message's turn comes: what waited for one that was removed or renamed is dead then, without retries."
})
export type RouteTarget = typeof RouteTarget.Type

/** A rule of an inbound webhook: which messages it takes, and what becomes of them. */
export const Route = Schema.Struct({
  name: RouteName.pipe(described("What it is called; each of a webhook's routes has a name of its own.")),
  eventTypes: Schema.optionalKey(
    Schema.Array(SourceTypePattern).check(Schema.isMinLength(1), Schema.isMaxLength(100))
  ).pipe(described("It takes only these of the sender's event types; left out: all.")),
  filter: Schema.optionalKey(Filter).pipe(
    described("It takes only messages whose body fits; left out: all. A body that cannot be read fits none.")
  ),
  to: RouteTarget.pipe(described("What becomes of what it takes."))
}).annotate({ identifier: "Route" })
export type Route = typeof Route.Type

/** The routes of one inbound webhook. Every one that takes a message gets it. */
export const Routes = Schema.Array(Route).check(
  Schema.isMaxLength(20),
  Schema.makeFilter((routes) =>
    new Set(routes.map(({ name }) => name)).size === routes.length
      ? undefined
      : "Expected each route to have a name of its own"
  )
)
