import { Scope } from "@do-integrations/domain/ApiKey"
import { Position } from "@do-integrations/domain/Event"
import { CustomerId } from "@do-integrations/domain/Tenant"
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted, Stream } from "effect"
import { endpoints } from "./support/Endpoints.ts"
import { eventually } from "./support/Eventually.ts"
import { furnish } from "./support/Furnished.ts"
import { receiver } from "./support/Receiver.ts"
import { TestService } from "./support/TestService.ts"
import { problemOf, send } from "./support/Wire.ts"

/** A tenant with one of everything, by the path under which each thing is found, and a key of one customer. */
const victim = Effect.gen(function* () {
  const service = yield* TestService
  const { apiKey, client, tenant } = yield* service.tenant("Victim")
  const target = yield* receiver
  const { delivery, event, inbound, integration, job, key, message, outbound } = yield* furnish(
    client,
    target.url
  )
  yield* client.webhooks.updateInboundWebhook({
    params: { id: inbound.id },
    payload: { routes: [{ name: "copy", to: { type: "url", url: target.url } }] }
  })
  yield* client.deepIntegrations.configureDeepIntegration({
    params: { type: "github" },
    payload: { repository: "victim/secret-plans" }
  })
  yield* client.events.createEventType({ headers: {}, payload: { name: "victim.plans" } })
  const byPath = new Map<string, string>([
    ["/v1/api-keys", key.id],
    ["/v1/integrations", integration.id],
    ["/v1/webhooks/inbound", inbound.id],
    ["/v1/webhooks/outbound", outbound.id],
    ["/v1/deliveries", delivery.id],
    ["/v1/messages", message.id],
    ["/v1/jobs", job.id]
  ])
  const bob = yield* client.apiKeys.createApiKey({
    headers: {},
    payload: { name: "Bob", scopes: Scope.literals, customerId: CustomerId.make("bob") }
  })
  const traces = [tenant.id, apiKey.id, event.id, "secret-plans", "victim.plans", ...byPath.values()]
  return { apiKey, bob, byPath, client, event, target, traces }
})

/** What an endpoint takes that does not take an empty body. */
const bodies: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "webhooks.triggerOutboundWebhook": { type: "invoice.paid", data: "" },
  "webhooks.recoverOutboundWebhook": { since: "2026-01-01T00:00:00.000Z" },
  "webhooks.replayMessages": { since: "2026-01-01T00:00:00.000Z" }
}

/** What may have come to its end just before it is cancelled. */
const cancels = ["webhooks.cancelDelivery", "webhooks.cancelMessage"]

/** Every endpoint of a tenant's that names one thing in its path, with the path of the victim's. */
const aimedAt = (byPath: ReadonlyMap<string, string>) =>
  endpoints()
    .filter(({ path, scope }) => scope !== undefined && path.includes("/:id"))
    .map((endpoint) => {
      const id = byPath.get(endpoint.path.slice(0, endpoint.path.indexOf("/:id")))
      assert.isDefined(id, `${endpoint.name} is not covered: furnish a tenant with what it takes`)
      const body =
        endpoint.method === "PATCH" || endpoint.method === "POST" ? { body: bodies[endpoint.name] ?? {} } : {}
      return { ...endpoint, path: endpoint.path.replace(":id", id), body }
    })

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("Isolation", (it) => {
  it.effect("shows nothing of one tenant to another that knows every id", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { apiKey, bob, byPath } = yield* victim
      const other = yield* service.tenant("Other")
      const aimed = aimedAt(byPath)
      assert.isAtLeast(aimed.length, 30)
      for (const { body, method, name, path } of aimed) {
        for (const key of [other.apiKey.secret, bob.secret]) {
          const { status, text } = yield* send(method, path, { key, ...body })
          assert.strictEqual(status, 404, name)
          assert.include(yield* problemOf(text), { type: "urn:do-integrations:problem:not-found" }, name)
        }
      }
      // The same requests of the owner's, what it reads before what it changes before what it removes.
      const order = ["GET", "PATCH", "POST", "DELETE"]
      const own = aimed.toSorted((a, b) => order.indexOf(a.method) - order.indexOf(b.method))
      for (const { body, method, name, path } of own) {
        const { status } = yield* send(method, path, { key: apiKey.secret, ...body })
        assert.include(cancels.includes(name) ? [200, 409] : [200, 201, 202, 204], status, name)
      }
    })
  )

  it.effect("keeps lists to their tenant", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { apiKey, bob, byPath, event, traces } = yield* victim
      const other = yield* service.tenant("Other")
      const lists = endpoints().filter(
        ({ method, name, path, scope }) =>
          method === "GET" && scope !== undefined && !path.includes(":") && name !== "events.streamEvents"
      )
      assert.isAtLeast(lists.length, 10)
      let seen = ""
      for (const { name, path } of lists) {
        const own = yield* send("GET", path, { key: apiKey.secret })
        seen += own.text
        const { status, text } = yield* send("GET", path, { key: other.apiKey.secret })
        assert.strictEqual(status, 200, name)
        const confined = yield* send("GET", path, { key: bob.secret })
        assert.include([200, 403], confined.status, name)
        for (const trace of traces) assert.notInclude(text + confined.text, trace, name)
      }
      for (const trace of traces) assert.include(seen, trace)
      const narrowed = [
        `/v1/deliveries?webhookId=${byPath.get("/v1/webhooks/outbound")}`,
        `/v1/messages?webhookId=${byPath.get("/v1/webhooks/inbound")}`,
        `/v1/events?cursor=${event.position}`,
        "/v1/events?type=invoice.paid",
        `/v1/integrations?cursor=int_7zzzzzzzzzzzzzzzzzzzzzzzzz`,
        "/v1/event-types?cursor=victim.plans"
      ]
      for (const path of narrowed) {
        const { status, text } = yield* send("GET", path, { key: other.apiKey.secret })
        assert.strictEqual(status, 200, path)
        assert.deepStrictEqual(JSON.parse(text).items, [], path)
      }
      const github = yield* other.client.deepIntegrations.getDeepIntegration({ params: { type: "github" } })
      assert.strictEqual(github.status, "not_configured")
    })
  )

  it.effect("keeps events to their tenant, on the stream and on their way out", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const one = yield* victim
      const other = yield* service.tenant("Other")
      const theirs = yield* receiver
      yield* other.client.webhooks.createOutboundWebhook({
        headers: {},
        payload: { url: theirs.url, eventTypes: ["*", "webhook:received", "webhook:sent", "invoice.*"] }
      })
      const publish = (client: typeof one.client, data: string) =>
        client.events.publishEvent({ headers: {}, payload: { type: "invoice.sent", data } })
      yield* publish(one.client, "victim's")
      const mine = yield* publish(other.client, "other's")
      yield* publish(one.client, "victim's")
      const stream = yield* other.client.events.streamEvents({
        headers: { "last-event-id": Position.make("0-0") },
        query: {}
      })
      const first = yield* Stream.runHead(stream).pipe(Effect.timeout("20 seconds"))
      assert.strictEqual(first._tag === "Some" ? first.value.data.id : "", mine.id)
      // Theirs gets its own event, and that it was delivered.
      yield* eventually(
        Effect.sync(() => one.target.got.length >= 3 && theirs.got.length >= 2),
        (arrived) => arrived
      )
      for (const [client, { got }] of [
        [one.client, one.target],
        [other.client, theirs]
      ] as const) {
        const own = yield* client.events.listEvents({ query: { limit: 100 } })
        const ids = own.items.map(({ id }) => String(id))
        for (const { headers } of got) assert.include(ids, headers["webhook-id"])
      }
    })
  )

  it.effect("keeps unknown keys out", () =>
    Effect.gen(function* () {
      for (const { name, path, method, scope } of endpoints()) {
        if (scope === undefined) continue
        for (const key of [
          Redacted.make(`doi_${"A".repeat(43)}`),
          Redacted.make("doi_"),
          Redacted.make("x")
        ]) {
          const { status } = yield* send(method, path.replace(":id", "x").replace(":type", "stripe"), { key })
          assert.strictEqual(status, 401, name)
        }
      }
    })
  )
})
