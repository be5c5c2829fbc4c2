import type { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import type { Delivery, DeliveryId, DeliveryState } from "@do-integrations/domain/Webhook/Delivery"
import type { NewOutboundWebhook, OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { type Duration, Effect, type Schema } from "effect"
import { SqlClient } from "effect/sql"
import { eventually } from "./Eventually.ts"
import { walk } from "./Pages.ts"
import { TestService } from "./TestService.ts"

export type Client = IntegrationsClient["Service"]

/** A new tenant of the service under test. */
export const newTenant = Effect.gen(function* () {
  const service = yield* TestService
  const { client, tenant } = yield* service.tenant("Acme")
  return { client, tenantId: tenant.id }
})

/** An endpoint that takes `invoice.*`, with these settings. */
export const endpoint = (client: Client, url: string, settings: Partial<NewOutboundWebhook> = {}) =>
  client.webhooks.createOutboundWebhook({
    headers: {},
    payload: { url, eventTypes: ["invoice.*"], ...settings }
  })

/** Publishes `invoice.paid` with these data. */
export const publish = (client: Client, data: Schema.Json = { amount: 42 }) =>
  client.events.publishEvent({ headers: {}, payload: { type: "invoice.paid", data } })

/** Publishes this many at a time, the number of each as its `n`. */
export const publishMany = (
  client: Client,
  count: number,
  data: (n: number) => Schema.JsonObject = () => ({})
) =>
  Effect.forEach(
    Array.from({ length: count }, (_, n) => n),
    (n) => publish(client, { n, ...data(n) }),
    { concurrency: 16 }
  )

/** Every delivery to an endpoint, oldest first. */
export const deliveriesTo = (client: Client, webhookId: OutboundWebhookId) =>
  Effect.map(
    walk(({ cursor, limit }) => {
      const from = cursor === undefined ? {} : { cursor }
      return client.webhooks.listDeliveries({ query: { webhookId, limit, ...from } })
    }, 100),
    (all) => all.toReversed()
  )

/** Waits until there are deliveries to an endpoint and all are as expected. */
export const allOnce = (
  client: Client,
  webhookId: OutboundWebhookId,
  expected: (delivery: Delivery) => boolean,
  patience?: Duration.Input
) => eventually(deliveriesTo(client, webhookId), (all) => all.length > 0 && all.every(expected), patience)

/** Waits until there are deliveries to an endpoint and all stand as said. */
export const allIn = (
  client: Client,
  webhookId: OutboundWebhookId,
  state: DeliveryState,
  patience?: Duration.Input
) => allOnce(client, webhookId, (one) => one.state === state, patience)

export const detail = (client: Client, id: DeliveryId) => client.webhooks.getDelivery({ params: { id } })

export const endpointNow = (client: Client, id: OutboundWebhookId) =>
  client.webhooks.getOutboundWebhook({ params: { id } })

/** Lets the time until the next attempt pass, for all that waits for one. */
export const fastForward = Effect.fnUntraced(function* (webhookId: OutboundWebhookId) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    UPDATE undelivered SET due_at = now()
    WHERE webhook_id = ${webhookId} AND due_at IS NOT NULL AND due_at <> 'infinity'`
})
