import { CustomerId } from "@do-integrations/domain/Tenant"
import type { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { assert } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { createHmac, randomUUID } from "node:crypto"
import { eventually } from "./Eventually.ts"
import { TestService } from "./TestService.ts"

const github = "It's a Secret to Everybody"

/** Posts a message to an inbound webhook as GitHub would sign it; answers with the status. */
export const postAsGitHub = Effect.fnUntraced(function* (address: Redacted.Redacted) {
  const service = yield* TestService
  const body = JSON.stringify({ zen: "Keep it logically awesome." })
  const response = yield* Effect.promise(() =>
    fetch(service.url + new URL(Redacted.value(address)).pathname, {
      method: "POST",
      body,
      headers: {
        "x-github-event": "ping",
        "x-github-delivery": randomUUID(),
        "x-hub-signature-256": `sha256=${createHmac("sha256", github).update(body).digest("hex")}`
      }
    })
  )
  return response.status
})

/**
 * One of everything, for a tenant or, when it is named, a customer of it: an integration, a webhook of each
 * direction, a message, a published event that was delivered to `url`, an API key and a job.
 */
export const furnish = Effect.fnUntraced(function* (
  client: IntegrationsClient["Service"],
  url: string,
  customer?: string
) {
  const owner = customer === undefined ? {} : { customerId: CustomerId.make(customer) }
  const integration = yield* client.integrations.addIntegration({
    headers: {},
    payload: {
      type: "api_key",
      name: "Billing",
      baseUrl: "https://127.0.0.1",
      placement: { in: "bearer" },
      credential: Redacted.make("sk_live_5Q2uW8xN"),
      ...owner
    }
  })
  const outbound = yield* client.webhooks.createOutboundWebhook({
    headers: {},
    payload: { url, eventTypes: ["invoice.*"], ...owner }
  })
  const inbound = yield* client.webhooks.createInboundWebhook({
    headers: {},
    payload: { name: "GitHub", scheme: { type: "github" }, secrets: [Redacted.make(github)], ...owner }
  })
  const key = yield* client.apiKeys.createApiKey({
    headers: {},
    payload: { name: "Another", scopes: ["keys:admin"], ...owner }
  })
  assert.strictEqual(yield* postAsGitHub(inbound.url), 200)
  const event = yield* client.events.publishEvent({
    headers: {},
    payload: { type: "invoice.paid", data: { amount: 42 }, ...owner }
  })
  const deliveries = yield* eventually(
    client.webhooks.listDeliveries({ query: { webhookId: outbound.id, state: "succeeded" } }),
    (page) => page.items.length === 1
  )
  const messages = yield* client.webhooks.listMessages({ query: { webhookId: inbound.id } })
  const [delivery, message] = [deliveries.items[0], messages.items[0]]
  assert.isDefined(delivery)
  assert.isDefined(message)
  const job = yield* client.webhooks.recoverOutboundWebhook({
    params: { id: outbound.id },
    payload: { since: event.createdAt }
  })
  yield* eventually(client.jobs.getJob({ params: { id: job.id } }), ({ state }) => state === "completed")
  return { integration, outbound, inbound, key, event, delivery, message, job }
})
