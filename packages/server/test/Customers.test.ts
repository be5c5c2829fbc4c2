import { Scope } from "@do-integrations/domain/ApiKey"
import { CustomerId } from "@do-integrations/domain/Tenant"
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { eventually } from "./support/Eventually.ts"
import { furnish } from "./support/Furnished.ts"
import { receiver } from "./support/Receiver.ts"
import { assertRefused } from "./support/Refused.ts"
import { TestService } from "./support/TestService.ts"

const alice = CustomerId.make("alice")
const bob = CustomerId.make("bob")

const billing = {
  type: "api_key",
  name: "Billing",
  baseUrl: "https://127.0.0.1",
  placement: { in: "bearer" },
  credential: Redacted.make("sk_live_5Q2uW8xN")
} as const

/** A tenant with a client of its own and one confined to Alice, one to Bob. */
const household = Effect.gen(function* () {
  const service = yield* TestService
  const { client } = yield* service.tenant("Acme")
  const confined = Effect.fnUntraced(function* (customerId: CustomerId) {
    const { secret } = yield* client.apiKeys.createApiKey({
      headers: {},
      payload: { name: customerId, scopes: Scope.literals, customerId }
    })
    return yield* service.client(secret)
  })
  return { client, hers: yield* confined(alice), his: yield* confined(bob) }
})

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("Customers", (it) => {
  it.effect("own what keys confined to them make, unnamed", () =>
    Effect.gen(function* () {
      const { hers } = yield* household
      const integration = yield* hers.integrations.addIntegration({ headers: {}, payload: billing })
      const outbound = yield* hers.webhooks.createOutboundWebhook({
        headers: {},
        payload: { url: "https://127.0.0.1/hooks", eventTypes: ["*"] }
      })
      const inbound = yield* hers.webhooks.createInboundWebhook({
        headers: {},
        payload: { name: "In", scheme: { type: "github" }, secrets: [Redacted.make("s")] }
      })
      const event = yield* hers.events.publishEvent({ headers: {}, payload: { type: "a.b", data: 1 } })
      for (const { customerId } of [integration, outbound, inbound, event]) {
        assert.strictEqual(customerId, alice)
      }
    })
  )

  it.effect("are not named by keys confined to another", () =>
    Effect.gen(function* () {
      const { hers } = yield* household
      const his = { customerId: bob }
      yield* assertRefused(
        hers.integrations.addIntegration({ headers: {}, payload: { ...billing, ...his } }),
        "Forbidden"
      )
      yield* assertRefused(
        hers.webhooks.createOutboundWebhook({
          headers: {},
          payload: { url: "https://127.0.0.1/hooks", eventTypes: ["*"], ...his }
        }),
        "Forbidden"
      )
      yield* assertRefused(
        hers.webhooks.createInboundWebhook({
          headers: {},
          payload: { name: "In", scheme: { type: "github" }, secrets: [Redacted.make("s")], ...his }
        }),
        "Forbidden"
      )
      yield* assertRefused(
        hers.events.publishEvent({ headers: {}, payload: { type: "a.b", data: 1, ...his } }),
        "Forbidden"
      )
    })
  )

  it.effect("see nothing of one another nor of the tenant at large, which sees them all", () =>
    Effect.gen(function* () {
      const { client, hers, his } = yield* household
      const target = yield* receiver
      const ofTenant = yield* furnish(client, target.url)
      const ofAlice = yield* furnish(hers, target.url, alice)
      const ofBob = yield* furnish(his, target.url, bob)
      for (const foreign of [ofBob, ofTenant]) {
        const { delivery, inbound, integration, job, key, message, outbound } = foreign
        const ofOutbound = { params: { id: outbound.id } }
        const refused = [
          hers.integrations.getIntegration({ params: { id: integration.id } }),
          hers.integrations.updateIntegration({ params: { id: integration.id }, payload: { name: "Mine" } }),
          hers.integrations.removeIntegration({ params: { id: integration.id } }),
          hers.webhooks.getInboundWebhook({ params: { id: inbound.id } }),
          hers.webhooks.updateInboundWebhook({ params: { id: inbound.id }, payload: { enabled: false } }),
          hers.webhooks.removeInboundWebhook({ params: { id: inbound.id } }),
          hers.webhooks.getOutboundWebhook({ params: { id: outbound.id } }),
          hers.webhooks.updateOutboundWebhook({ params: { id: outbound.id }, payload: { concurrency: 1 } }),
          hers.webhooks.removeOutboundWebhook({ params: { id: outbound.id } }),
          hers.webhooks.getDelivery({ params: { id: delivery.id } }),
          hers.webhooks.getOutboundWebhookSecret(ofOutbound),
          hers.webhooks.getMessage({ params: { id: message.id } }),
          hers.jobs.getJob({ params: { id: job.id } }),
          hers.apiKeys.revokeApiKey({ params: { id: key.id } })
        ]
        for (const call of refused) yield* assertRefused(call, "NotFound")
      }

      const lists = (api: typeof hers, query: { readonly customerId?: CustomerId } = {}) =>
        Effect.all({
          integrations: Effect.map(api.integrations.listIntegrations({ query }), ({ items }) =>
            items.map(({ id }) => String(id))
          ),
          webhooks: Effect.map(api.webhooks.listWebhooks({ query }), ({ items }) =>
            items.map(({ webhook }) => String(webhook.id))
          ),
          events: Effect.map(
            api.events.listEvents({ query: { ...query, type: "invoice.paid" } }),
            ({ items }) => items.map(({ id }) => String(id))
          )
        })
      const listed = (...owners: ReadonlyArray<typeof ofBob>) => ({
        integrations: owners.map(({ integration }) => String(integration.id)),
        webhooks: owners.flatMap(({ inbound, outbound }) => [String(inbound.id), String(outbound.id)]),
        events: owners.map(({ event }) => String(event.id))
      })
      assert.deepStrictEqual(yield* lists(hers), listed(ofAlice))
      assert.deepStrictEqual(yield* lists(his), listed(ofBob))
      assert.deepStrictEqual(yield* lists(client), listed(ofBob, ofAlice, ofTenant))
      assert.deepStrictEqual(yield* lists(client, { customerId: alice }), listed(ofAlice))
      assert.deepStrictEqual(yield* lists(hers, { customerId: bob }), listed())
      const seen = yield* hers.events.listEvents({ query: {} })
      assert.deepStrictEqual([...new Set(seen.items.map(({ customerId }) => customerId))], [alice])
      const messages = yield* hers.webhooks.listMessages({ query: {} })
      assert.deepStrictEqual(
        messages.items.map(({ id }) => id),
        [ofAlice.message.id]
      )
      const deliveries = yield* hers.webhooks.listDeliveries({ query: {} })
      assert.deepStrictEqual(
        deliveries.items.map(({ webhookId }) => webhookId),
        [ofAlice.outbound.id]
      )
      const { items: jobs } = yield* hers.jobs.listJobs({ query: {} })
      assert.deepStrictEqual(
        jobs.map(({ customerId, id }) => [id, customerId]),
        [[ofAlice.job.id, alice]]
      )
      // What is made for her endpoint is hers, whoever makes it.
      const made = yield* client.webhooks.triggerOutboundWebhook({
        params: { id: ofAlice.outbound.id },
        payload: { type: "order.made", data: 1 }
      })
      const orders = (api: typeof hers) =>
        Effect.map(api.events.listEvents({ query: { type: "order.made" } }), ({ items }) =>
          items.map(({ id }) => id)
        )
      assert.deepStrictEqual(yield* orders(hers), [made.eventId])
      assert.deepStrictEqual(yield* orders(his), [])
    })
  )

  it.effect("get their own events alone, and the tenant's endpoints get everyone's", () =>
    Effect.gen(function* () {
      const { client, hers, his } = yield* household
      const targets = { client: yield* receiver, hers: yield* receiver, his: yield* receiver }
      const endpoint = (api: typeof client, url: string) =>
        api.webhooks.createOutboundWebhook({ headers: {}, payload: { url, eventTypes: ["*"] } })
      yield* endpoint(client, targets.client.url)
      yield* endpoint(hers, targets.hers.url)
      yield* endpoint(his, targets.his.url)
      const publish = (api: typeof client, of: string, owner: { readonly customerId?: CustomerId } = {}) =>
        api.events.publishEvent({ headers: {}, payload: { type: `of.${of}`, data: of, ...owner } })
      yield* publish(hers, "alice")
      yield* publish(client, "alice.too", { customerId: alice })
      yield* publish(his, "bob")
      yield* publish(client, "everyone")
      const typesAt = (target: (typeof targets)["client"]) =>
        target.got.map(({ body }): string => JSON.parse(body).type).toSorted()
      yield* eventually(
        Effect.sync(() => targets.client.got.length + targets.hers.got.length + targets.his.got.length),
        (total) => total >= 7
      )
      assert.deepStrictEqual(typesAt(targets.client), ["of.alice", "of.alice.too", "of.bob", "of.everyone"])
      assert.deepStrictEqual(typesAt(targets.hers), ["of.alice", "of.alice.too"])
      assert.deepStrictEqual(typesAt(targets.his), ["of.bob"])
      const deliveries = yield* client.webhooks.listDeliveries({ query: {} })
      assert.lengthOf(deliveries.items, 7)
    })
  )
})
