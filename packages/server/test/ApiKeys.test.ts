import { Scope } from "@do-integrations/domain/ApiKey"
import { CustomerId } from "@do-integrations/domain/Tenant"
import { assert, layer } from "@effect/vitest"
import { DateTime, Duration, Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { endpoints, pathOf } from "./support/Endpoints.ts"
import { eventually } from "./support/Eventually.ts"
import { walk } from "./support/Pages.ts"
import { assertRefused } from "./support/Refused.ts"
import { rootKey, TestService } from "./support/TestService.ts"
import { problemOf, send } from "./support/Wire.ts"

const behindKeys = () =>
  endpoints().flatMap((endpoint) =>
    endpoint.scope === undefined ? [] : [{ ...endpoint, scope: endpoint.scope }]
  )

const scopesInUse = () => [...new Set(behindKeys().map(({ scope }) => scope))]

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("API keys", (it) => {
  it.effect("without an endpoint's scope are refused there, by the scope's name", () =>
    Effect.gen(function* () {
      const { client } = yield* (yield* TestService).tenant("Acme")
      for (const lacking of scopesInUse()) {
        const scopes = Scope.literals.filter((scope) => scope !== lacking)
        const { secret } = yield* client.apiKeys.createApiKey({
          headers: {},
          payload: { name: lacking, scopes }
        })
        for (const endpoint of behindKeys().filter(({ scope }) => scope === lacking)) {
          const { status, text } = yield* send(endpoint.method, pathOf(endpoint), { key: secret })
          assert.strictEqual(status, 403, endpoint.name)
          assert.strictEqual((yield* problemOf(text)).requiredScope, lacking, endpoint.name)
        }
      }
    })
  )

  it.effect("need no other scope than the endpoint's", () =>
    Effect.gen(function* () {
      const { client } = yield* (yield* TestService).tenant("Acme")
      for (const only of scopesInUse()) {
        const { secret } = yield* client.apiKeys.createApiKey({
          headers: {},
          payload: { name: only, scopes: [only] }
        })
        for (const endpoint of behindKeys().filter(({ scope }) => scope === only)) {
          const { status } = yield* send(endpoint.method, pathOf(endpoint), { key: secret })
          assert.notInclude([401, 403, 405, 500], status, endpoint.name)
        }
      }
    })
  )

  it.effect("give no more than they have", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { client } = yield* service.tenant("Acme")
      const { secret } = yield* client.apiKeys.createApiKey({
        headers: {},
        payload: { name: "Lead", scopes: ["keys:admin", "events:read"] }
      })
      const lead = yield* service.client(secret)
      yield* assertRefused(
        lead.apiKeys.createApiKey({
          headers: {},
          payload: { name: "More", scopes: ["events:read", "webhooks:read"] }
        }),
        "Forbidden",
        { requiredScope: "webhooks:read" }
      )
      const given = yield* lead.apiKeys.createApiKey({
        headers: {},
        payload: { name: "Less", scopes: ["events:read"] }
      })
      assert.deepStrictEqual(given.scopes, ["events:read"])
    })
  )

  it.effect("end when they expire", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { client } = yield* service.tenant("Acme")
      const { expiresAt, id, secret } = yield* client.apiKeys.createApiKey({
        headers: {},
        payload: { name: "Brief", scopes: ["events:read"], expiresIn: 4 }
      })
      assert.isDefined(expiresAt)
      const brief = yield* service.client(secret)
      assert.deepStrictEqual((yield* brief.events.listEvents({ query: {} })).items, [])
      const ended = yield* eventually(
        Effect.result(brief.events.listEvents({ query: {} })),
        (result) => result._tag === "Failure"
      )
      assert.isTrue(yield* DateTime.isPast(expiresAt))
      assert.strictEqual(ended._tag === "Failure" ? ended.failure._tag : "", "Unauthorized")
      const { items } = yield* client.apiKeys.listApiKeys({ query: {} })
      assert.deepStrictEqual(items.find((key) => key.id === id)?.expiresAt, expiresAt)
    })
  )

  it.effect("end at once when they are revoked", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { client } = yield* service.tenant("Acme")
      const { id, secret } = yield* client.apiKeys.createApiKey({
        headers: {},
        payload: { name: "Leaked", scopes: ["events:read"] }
      })
      const leaked = yield* service.client(secret)
      yield* leaked.events.listEvents({ query: {} })
      yield* client.apiKeys.revokeApiKey({ params: { id } })
      yield* assertRefused(leaked.events.listEvents({ query: {} }), "Unauthorized")
      yield* assertRefused(client.apiKeys.revokeApiKey({ params: { id } }), "NotFound")
      const { items } = yield* client.audit.listAudit({ query: {} })
      assert.deepStrictEqual(
        items.filter(({ target }) => target === id).map(({ action }) => action),
        ["api_key.revoked", "api_key.created"]
      )
    })
  )

  it.effect("confined to a customer manage that customer's keys and nothing of the whole tenant", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { apiKey, client } = yield* service.tenant("Acme")
      const [alice, bob] = [CustomerId.make("alice"), CustomerId.make("bob")]
      const keyFor = (customerId: CustomerId) =>
        client.apiKeys.createApiKey({
          headers: {},
          payload: { name: customerId, scopes: Scope.literals, customerId }
        })
      const hers = yield* keyFor(alice)
      const his = yield* keyFor(bob)
      const confined = yield* service.client(hers.secret)
      const make = (owner: { readonly customerId?: CustomerId }) =>
        confined.apiKeys.createApiKey({
          headers: {},
          payload: { name: "Made", scopes: ["events:read"], ...owner }
        })
      yield* assertRefused(make({}), "Forbidden")
      yield* assertRefused(make({ customerId: bob }), "Forbidden")
      const made = yield* make({ customerId: alice })
      const listed = yield* confined.apiKeys.listApiKeys({ query: {} })
      assert.deepStrictEqual(
        listed.items.map(({ id }) => id),
        [made.id, hers.id]
      )
      yield* assertRefused(confined.apiKeys.revokeApiKey({ params: { id: his.id } }), "NotFound")
      yield* assertRefused(confined.apiKeys.revokeApiKey({ params: { id: apiKey.id } }), "NotFound")
      const tenantWide = endpoints().filter((endpoint) => endpoint.tenantWide)
      assert.isAbove(tenantWide.length, 10)
      for (const endpoint of tenantWide) {
        const { status } = yield* send(endpoint.method, pathOf(endpoint), { key: hers.secret })
        assert.strictEqual(status, 403, endpoint.name)
      }
    })
  )

  it.effect("say when they were last used, and are listed newest first without their secrets", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { apiKey, client } = yield* service.tenant("Acme")
      const unused = yield* client.apiKeys.createApiKey({
        headers: {},
        payload: { name: "Unused", scopes: ["events:read"] }
      })
      const all = yield* walk((query) => client.apiKeys.listApiKeys({ query }))
      assert.deepStrictEqual(
        all.map(({ id }) => id),
        [unused.id, apiKey.id]
      )
      assert.isUndefined(all[0]?.lastUsedAt)
      const lastUsedAt = all[1]?.lastUsedAt
      assert.isDefined(lastUsedAt)
      const ago = Duration.toMillis(DateTime.distance(lastUsedAt, yield* DateTime.now))
      assert.isBelow(Math.abs(ago), 60_000)
      const { text } = yield* send("GET", "/v1/api-keys", { key: apiKey.secret })
      for (const { secret } of [apiKey, unused]) assert.notInclude(text, Redacted.value(secret))
    })
  )

  it.effect("are stored as a hash alone", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { apiKey } = yield* (yield* TestService).tenant("Acme")
      const [row] = yield* sql<{ text: string; length: number }>`
        SELECT to_jsonb(api_keys)::text AS text, length(hash) AS length FROM api_keys WHERE id = ${apiKey.id}`
      assert.isDefined(row)
      assert.strictEqual(row.length, 32)
      const secret = Redacted.value(apiKey.secret)
      assert.notInclude(row.text, secret.slice(4))
      assert.notInclude(row.text, Buffer.from(secret).toString("hex"))
    })
  )

  it.effect("that expire make only keys that expire no later, but for recovery keys", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { client, tenant } = yield* service.tenant("Acme")
      const payload = { name: "short", scopes: ["keys:admin"], expiresIn: 600 } as const
      const { secret } = yield* client.apiKeys.createApiKey({ headers: {}, payload })
      const short = yield* service.client(secret)
      const make = (expiresIn?: number) =>
        short.apiKeys.createApiKey({
          headers: {},
          payload: {
            name: "child",
            scopes: ["keys:admin"],
            ...(expiresIn === undefined ? {} : { expiresIn })
          }
        })
      yield* assertRefused(make(), "Forbidden", {
        detail: "A key that expires makes only keys that expire no later"
      })
      yield* assertRefused(make(3600), "Forbidden", {
        detail: "A key that expires makes only keys that expire no later"
      })
      yield* make(300)
      const root = yield* service.client(rootKey)
      const recovery = yield* root.tenants.recoverTenant({ params: { id: tenant.id } })
      const recovered = yield* service.client(recovery.secret)
      const lasting = yield* recovered.apiKeys.createApiKey({
        headers: {},
        payload: { name: "lasting", scopes: ["keys:admin"] }
      })
      assert.isUndefined(lasting.expiresAt)
    })
  )

  it.effect("end the streams that they opened when they are revoked", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { client } = yield* service.tenant("Acme")
      const key = yield* client.apiKeys.createApiKey({
        headers: {},
        payload: { name: "reader", scopes: ["events:read"] }
      })
      const response = yield* Effect.promise(() =>
        fetch(`${service.url}/v1/events/stream`, {
          headers: { authorization: `Bearer ${Redacted.value(key.secret)}` }
        })
      )
      assert.strictEqual(response.status, 200)
      yield* client.apiKeys.revokeApiKey({ params: { id: key.id } })
      // Read to its end, which only the service brings about.
      yield* Effect.timeout(
        Effect.promise(() => response.text()),
        "20 seconds"
      )
    })
  )
})

layer(TestService.layerWith({ rateLimit: 1 }), { excludeTestServices: true, timeout: "60 seconds" })(
  "API keys with a rate limit",
  (it) => {
    it.effect("are told how long to wait, each for itself", () =>
      Effect.gen(function* () {
        const service = yield* TestService
        const { apiKey, client } = yield* service.tenant("Busy")
        const other = yield* client.apiKeys.createApiKey({
          headers: {},
          payload: { name: "Other", scopes: ["events:read"] }
        })
        const burst = yield* Effect.replicateEffect(send("GET", "/v1/events", { key: apiKey.secret }), 30)
        const [refused] = burst.filter(({ status }) => status !== 200)
        assert.isDefined(refused)
        assert.strictEqual(refused.status, 429)
        const problem = yield* problemOf(refused.text)
        assert.include(problem, { type: "urn:do-integrations:problem:too-many-requests" })
        assert.isAtLeast(problem.retryAfter ?? 0, 1)
        assert.strictEqual(refused.headers.get("retry-after"), String(problem.retryAfter))
        assert.strictEqual((yield* send("GET", "/v1/events", { key: other.secret })).status, 200)
      })
    )
  }
)
