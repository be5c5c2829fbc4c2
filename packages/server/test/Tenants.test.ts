import { TenantId } from "@do-integrations/domain/Tenant"
import { assert, layer } from "@effect/vitest"
import { DateTime, Duration, Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { Vault } from "../src/Vault.ts"
import { endpoints, pathOf } from "./support/Endpoints.ts"
import { furnish, postAsGitHub } from "./support/Furnished.ts"
import { walk } from "./support/Pages.ts"
import { receiver } from "./support/Receiver.ts"
import { assertRefused } from "./support/Refused.ts"
import { rootKey, TestService } from "./support/TestService.ts"
import { problemOf, send } from "./support/Wire.ts"

const nobody = TenantId.make("ten_01ja5c3v9tfk8b0000000000aa")

/** How many rows each table has of a tenant; tables without any are left out. */
const rowsOf = Effect.fnUntraced(function* (id: TenantId) {
  const sql = yield* SqlClient.SqlClient
  const tables = yield* sql<{ name: string }>`
    SELECT table_name AS name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name = 'tenant_id' ORDER BY 1`
  const counts = yield* Effect.forEach(tables, ({ name }) =>
    Effect.map(
      sql<{ count: number }>`SELECT count(*)::int AS count FROM ${sql(name)} WHERE tenant_id = ${id}`,
      ([row]) => [name, row?.count ?? 0] as const
    )
  )
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
})

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("Tenants", (it) => {
  it.effect("are managed by the root key alone", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { apiKey } = yield* service.tenant("Acme")
      const managing = endpoints().filter(({ scope }) => scope === undefined)
      assert.lengthOf(managing, 4)
      for (const endpoint of managing) {
        for (const key of [{ key: apiKey.secret }, { key: Redacted.make("doi_guess") }, {}]) {
          const { status, text } = yield* send(endpoint.method, pathOf(endpoint), {
            ...key,
            ...(endpoint.method === "POST" ? { body: { name: "Mine" } } : {})
          })
          assert.strictEqual(status, 401, endpoint.name)
          assert.include(yield* problemOf(text), { type: "urn:do-integrations:problem:unauthorized", status })
        }
      }
    })
  )

  it.effect("keep their data from the root key", () =>
    Effect.gen(function* () {
      const theirs = endpoints().filter(({ scope }) => scope !== undefined)
      assert.isAbove(theirs.length, 30)
      for (const endpoint of theirs) {
        const { status } = yield* send(endpoint.method, pathOf(endpoint), { key: rootKey })
        assert.strictEqual(status, 401, endpoint.name)
      }
    })
  )

  it.effect("are created with a first key and listed newest first", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const root = yield* service.client(rootKey)
      const names = ["One", "Two", "Three"]
      const created = yield* Effect.forEach(names, service.tenant)
      assert.deepStrictEqual(
        created.map(({ tenant }) => tenant.name),
        names
      )
      const all = yield* walk((query) => root.tenants.listTenants({ query }))
      assert.deepStrictEqual(
        all.slice(0, 3).map(({ id }) => id),
        created.map(({ tenant }) => tenant.id).toReversed()
      )
      assert.strictEqual(new Set(all.map(({ id }) => id)).size, all.length)
      for (const { apiKey, client } of created) {
        assert.match(Redacted.value(apiKey.secret), /^doi_[A-Za-z0-9_-]{43}$/)
        assert.lengthOf((yield* client.apiKeys.listApiKeys({ query: {} })).items, 1)
      }
    })
  )

  it.effect("take everything with them when they are deleted, their data key first of all", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const root = yield* service.client(rootKey)
      const sql = yield* SqlClient.SqlClient
      const vault = yield* Vault
      const target = yield* receiver
      const { apiKey, client, tenant } = yield* service.tenant("Leaving")
      const staying = yield* service.tenant("Staying")
      const { inbound, integration } = yield* furnish(client, target.url)
      yield* client.deepIntegrations.configureDeepIntegration({
        params: { type: "stripe" },
        payload: { platformFeePercent: 1 }
      })
      yield* client.events.createEventType({ headers: {}, payload: { name: "invoice.paid" } })
      yield* sql`
        INSERT INTO unhandled (webhook_id, message_id, route, tenant_id, state, round_at, due_at)
        SELECT webhook_id, id, 'copy', tenant_id, 'dead', now(), 'infinity' FROM messages WHERE tenant_id = ${tenant.id}`
      yield* sql`
        INSERT INTO handling_attempts (message_id, route, number, tenant_id, at, duration_ms)
        SELECT id, 'copy', 1, tenant_id, now(), 1 FROM messages WHERE tenant_id = ${tenant.id}`
      const before = yield* rowsOf(tenant.id)
      assert.includeMembers(Object.keys(before), ["api_keys", "attempts", "audit_log", "data_keys"])
      assert.includeMembers(Object.keys(before), ["deep_integrations", "deliveries", "event_types", "events"])
      assert.includeMembers(Object.keys(before), ["idempotency_keys", "inbound_webhooks", "integrations"])
      assert.includeMembers(Object.keys(before), [
        "handling_attempts",
        "messages",
        "outbound_webhooks",
        "unhandled"
      ])
      const [row] = yield* sql<{ credential: Uint8Array }>`
        SELECT credential FROM integrations WHERE id = ${integration.id}`
      assert.isDefined(row)
      const address = { tenantId: tenant.id, table: "integrations", row: integration.id, field: "credential" }
      assert.strictEqual(Redacted.value(yield* vault.open(address, row.credential)), "sk_live_5Q2uW8xN")

      yield* root.tenants.deleteTenant({ params: { id: tenant.id } })

      const { status } = yield* send("GET", "/v1/integrations", { key: apiKey.secret })
      assert.strictEqual(status, 401)
      assert.strictEqual(yield* postAsGitHub(inbound.url), 404)
      assert.deepStrictEqual(yield* rowsOf(tenant.id), {})
      assert.strictEqual((yield* Effect.flip(vault.open(address, row.credential)))._tag, "VaultError")
      yield* assertRefused(root.tenants.deleteTenant({ params: { id: tenant.id } }), "NotFound")
      assert.lengthOf((yield* staying.client.apiKeys.listApiKeys({ query: {} })).items, 1)
    })
  )

  it.effect("get a recovery key for an hour, and see in their audit log that it was issued", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const root = yield* service.client(rootKey)
      const { apiKey, client, tenant } = yield* service.tenant("Forgetful")
      yield* client.apiKeys.revokeApiKey({ params: { id: apiKey.id } })
      const recovery = yield* root.tenants.recoverTenant({ params: { id: tenant.id } })
      assert.isDefined(recovery.expiresAt)
      const lasts = Duration.toMillis(DateTime.distance(yield* DateTime.now, recovery.expiresAt))
      assert.isTrue(lasts > 3_500_000 && lasts <= 3_600_000)
      const recovered = yield* service.client(recovery.secret)
      const key = yield* recovered.apiKeys.createApiKey({
        headers: {},
        payload: { name: "New first key", scopes: ["keys:admin", "audit:read"] }
      })
      const { items } = yield* (yield* service.client(key.secret)).audit.listAudit({ query: {} })
      const issued = items.find(({ action }) => action === "tenant.recovery_key_issued")
      assert.include(issued, { actor: "root", target: tenant.id })
      yield* assertRefused(root.tenants.recoverTenant({ params: { id: nobody } }), "NotFound")
    })
  )
})
