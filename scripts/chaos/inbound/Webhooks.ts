import type { NewInboundWebhook } from "@do-integrations/domain/Webhook/Inbound"
import type { Route } from "@do-integrations/domain/Webhook/Inbound/Route"
import { Redacted } from "effect"
import { type Message, messageOf, secrets, type SenderScheme } from "./Messages.ts"

/** What becomes of a message: it is forwarded to a URL, made an event, or given to the handler `ledger`. */
export type RouteKind = "forward" | "event" | "ledger"

/** Which messages a route takes, as the service is told and as the judge knows it. */
interface Condition {
  readonly route: Pick<Route, "eventTypes" | "filter">
  readonly takes: (message: Message) => boolean
}

const all: Condition = { route: {}, takes: () => true }
const pushes: Condition = { route: { eventTypes: ["push"] }, takes: ({ type }) => type === "push" }
const large: Condition = { route: { filter: { size: "large" } }, takes: ({ size }) => size === "large" }

/** An inbound webhook whose messages come in while the service is killed. */
interface Subject {
  readonly name: string
  readonly scheme: SenderScheme
  readonly routes: { readonly [Kind in RouteKind]?: Condition }
  readonly ordered: boolean
}

export const webhooks: ReadonlyArray<Subject> = [
  { name: "standard", scheme: "standard", routes: { forward: all, event: all, ledger: all }, ordered: false },
  {
    name: "github",
    scheme: "github",
    routes: { forward: all, event: pushes, ledger: large },
    ordered: false
  },
  { name: "ordered", scheme: "standard", routes: { forward: all, ledger: large }, ordered: true }
]

const kinds = ["forward", "event", "ledger"] as const

/** The routes that take a message. */
export const routesOf = (webhook: number, nonce: string): ReadonlyArray<RouteKind> => {
  const message = messageOf(nonce)
  return kinds.filter((kind) => webhooks[webhook]?.routes[kind]?.takes(message))
}

const targets = {
  forward: (url: string) => ({ type: "url", url }),
  event: () => ({ type: "event", eventType: "chaos.{type}" }),
  ledger: () => ({ type: "handler", handler: "ledger" })
} as const satisfies Record<RouteKind, (url: string) => Route["to"]>

/** The webhook as the service is told of it; it forwards to this URL. */
export const payloadOf = ({ name, ordered, routes, scheme }: Subject, url: string): NewInboundWebhook => ({
  name,
  source: name,
  scheme: { type: scheme },
  secrets: [Redacted.make(secrets[scheme])],
  routes: kinds.flatMap((kind) => {
    const condition = routes[kind]
    return condition === undefined ? [] : [{ name: kind, ...condition.route, to: targets[kind](url) }]
  }),
  retry: { type: "list", delaysSeconds: [1, 1, 1, 1, 1, 1] },
  ...(ordered ? { ordering: { key: "key", whenExhausted: "block" } } : {})
})
