import type { Database } from "@do-integrations/server/Config"
import { Effect, Redacted } from "effect"
import * as Service from "../../bench/Service.ts"
import { endpoints } from "./Endpoints.ts"

/** What the inbound webhook is signed with. */
export const secret = "It's a Secret to Everybody"

/** A tenant with everything that the traffic needs, in an empty database. */
export const furnish = Effect.fnUntraced(function* (database: Database, urls: ReadonlyArray<string>) {
  const { url } = yield* Service.start(database)
  const { key } = yield* Service.newTenant(url)
  const client = yield* Service.clientFor(url, { key })
  const webhooks = yield* Effect.forEach(endpoints, ({ payload }, number) =>
    client.webhooks.createOutboundWebhook({ headers: {}, payload: { ...payload, url: urls[number] ?? "" } })
  )
  const inbound = yield* client.webhooks.createInboundWebhook({
    headers: {},
    payload: { name: "GitHub", scheme: { type: "github" }, secrets: [Redacted.make(secret)] }
  })
  return {
    key,
    webhooks: webhooks.map(({ id }): string => id),
    ingress: new URL(Redacted.value(inbound.url)).pathname
  }
}, Effect.scoped)
