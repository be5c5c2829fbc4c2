import { Scope } from "@do-integrations/domain/ApiKey"
import { CustomerId } from "@do-integrations/domain/Tenant"
import type { InboundWebhookPatch } from "@do-integrations/domain/Webhook/Inbound"
import type { Route } from "@do-integrations/domain/Webhook/Inbound/Route"
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Egress } from "../src/Egress.ts"
import { makeTargets } from "../src/InboundWebhooks/Targets.ts"
import { layer as services, to } from "./support/Handled.ts"
import { assertFault, callerOf, endpoint, github, make, toUrl } from "./support/Managed.ts"
import { type Client, newTenant } from "./support/Outbound.ts"
import { assertRefused } from "./support/Refused.ts"
import { TestService } from "./support/TestService.ts"

const toEndpoint = ({ id }: Effect.Success<ReturnType<typeof endpoint>>): Route => ({
  name: "endpoint",
  to: { type: "endpoint", webhookId: id, eventType: "github.{type}" }
})

layer(services, { excludeTestServices: true, timeout: "60 seconds" })("routes of inbound webhooks", (it) => {
  it.effect("are refused that lead nowhere, each named by its place", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const other = yield* newTenant
      const good = to("inbox")
      const webhook = yield* make(client)
      const change = (routes: ReadonlyArray<Route>) =>
        client.webhooks.updateInboundWebhook({ params: { id: webhook.id }, payload: { routes } })
      const create = (routes: ReadonlyArray<Route>) => make(client, { routes })
      const theirs = toEndpoint(yield* endpoint(other.client))
      for (const attempt of [change, create]) {
        yield* assertFault(attempt([good, to("nobody")]), "routes", 1, "to", "handler")
        yield* assertFault(attempt([theirs]), "routes", 0, "to", "webhookId")
        yield* assertFault(attempt([good, toUrl("http://169.254.169.254/")]), "routes", 1, "to", "url")
      }
      yield* change([to("issues", { eventTypes: ["issues"] })])
      const standard = {
        scheme: { type: "standard" },
        secrets: [Redacted.make("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
      } as const
      yield* assertFault(make(client, { ...standard, routes: [to("issues")] }), "routes", 0, "to", "handler")
      yield* make(client, { ...standard, routes: [good] })
    })
  )

  it.effect("reach only endpoints that take what is of their customer", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { client } = yield* newTenant
      const [alice, bob] = [CustomerId.make("alice"), CustomerId.make("bob")]
      const [own, hers, his] = yield* Effect.all([
        endpoint(client),
        endpoint(client, alice),
        endpoint(client, bob)
      ])
      const routed = (target: typeof own, customerId?: CustomerId) =>
        make(client, {
          routes: [toEndpoint(target)],
          ...(customerId === undefined ? {} : { customerId })
        })
      yield* routed(own)
      const shared = yield* routed(own, alice)
      yield* routed(hers, alice)
      for (const refused of [routed(his, alice), routed(his), routed(hers)]) {
        yield* assertFault(refused, "routes", 0, "to", "webhookId")
      }
      const key = yield* client.apiKeys.createApiKey({
        headers: {},
        payload: { name: "Alice", scopes: Scope.literals, customerId: alice }
      })
      const confined = yield* service.client(key.secret)
      yield* make(confined, { routes: [toEndpoint(hers)] })
      yield* assertFault(make(confined, { routes: [toEndpoint(own)] }), "routes", 0, "to", "webhookId")
      // What the tenant has set up may stay.
      yield* confined.webhooks.updateInboundWebhook({
        params: { id: shared.id },
        payload: { routes: [toEndpoint(own), to("inbox")] }
      })
    })
  )

  it.effect("publish for those alone who may publish", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { client } = yield* newTenant
      const key = yield* client.apiKeys.createApiKey({
        headers: {},
        payload: { name: "Writer", scopes: ["webhooks:read", "webhooks:write"] }
      })
      const writer = yield* service.client(key.secret)
      const toEvent: Route = { name: "event", to: { type: "event", eventType: "github.{type}" } }
      const lacks = { requiredScope: "events:publish" }
      const own = yield* make(writer, { routes: [to("inbox")] })
      for (const route of [toEvent, toEndpoint(yield* endpoint(client))]) {
        const routes = [to("inbox"), route]
        yield* assertRefused(make(writer, { routes }), "Forbidden", lacks)
        const patch = (by: Client, payload: InboundWebhookPatch) =>
          by.webhooks.updateInboundWebhook({ params: { id: own.id }, payload })
        yield* assertRefused(patch(writer, { routes }), "Forbidden", lacks)
        yield* patch(client, { routes })
        assert.strictEqual((yield* patch(writer, { name: route.name })).name, route.name)
        yield* patch(writer, { routes: [to("inbox")] })
      }
    })
  )

  it.effect("have the names of their URLs resolved five at a time", () =>
    Effect.gen(function* () {
      let [asked, most, all] = [0, 0, 0]
      const checkUrl = Effect.fnUntraced(function* (url: string) {
        most = Math.max(most, ++asked)
        all++
        yield* Effect.yieldNow
        asked--
        return new URL(url)
      })
      const egress = yield* Egress
      const { check } = yield* makeTargets.pipe(
        Effect.provideService(Egress, Egress.of({ ...egress, checkUrl }))
      )
      const { tenantId } = yield* newTenant
      const routes = Array.from({ length: 20 }, (_, index) => ({
        ...toUrl(`https://example.com/${index}`),
        name: `copy-${index}`
      }))
      yield* check(callerOf(tenantId), { scheme: github.scheme }, routes)
      assert.deepStrictEqual([most, all], [5, 20])
    })
  )
})
