import type { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { configurations } from "@do-integrations/domain/DeepIntegration"
import { DeepIntegrationType } from "@do-integrations/domain/Integration"
import type { Status } from "@do-integrations/domain/Lifecycle"
import type { TenantId } from "@do-integrations/domain/Tenant"
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted, type Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Vault } from "../src/Vault.ts"
import { assertRefused } from "./support/Refused.ts"
import { TestService } from "./support/TestService.ts"
import { problemOf, send } from "./support/Wire.ts"

const stripe = { params: { type: "stripe" } } as const

const configure = (
  client: IntegrationsClient["Service"],
  type: DeepIntegrationType,
  payload: { readonly [field: string]: Schema.Json }
) => client.deepIntegrations.configureDeepIntegration({ params: { type }, payload })

/** Puts an integration where only a vendor's word could bring it. */
const put = (tenantId: TenantId, status: Status, error: string | null = null) =>
  SqlClient.SqlClient.use(
    (sql) =>
      sql`UPDATE deep_integrations SET status = ${status}, error = ${error} WHERE tenant_id = ${tenantId}`
  )

const settable: ReadonlyArray<readonly [DeepIntegrationType, { readonly [field: string]: Schema.Json }]> = [
  ["stripe", { accountType: "express", platformFeePercent: 2.5 }],
  [
    "workos",
    {
      features: { sso: true, directorySync: false, adminPortal: true, auditLogs: false },
      ssoProviders: ["GoogleOAuth"]
    }
  ],
  ["github", { repository: "acme/site", branch: "trunk", basePath: "docs/api" }],
  [
    "cloudflare",
    {
      zoneIds: ["z1"],
      workersNamespace: "tenants",
      kvNamespaces: ["k1", "k2"],
      r2Buckets: ["b"],
      d1Databases: [],
      durableObjectNamespaces: ["d"]
    }
  ]
]

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("Deep integrations", (it) => {
  it.effect("are four, and not configured at first", () =>
    Effect.gen(function* () {
      const { client } = yield* (yield* TestService).tenant("Acme")
      const all = yield* client.deepIntegrations.listDeepIntegrations()
      assert.deepStrictEqual(
        all.map(({ status, type }) => [type, status]),
        DeepIntegrationType.literals.map((type) => [type, "not_configured"])
      )
      for (const integration of all) {
        const { type } = integration
        assert.deepStrictEqual({ ...integration.configuration }, { ...configurations[type].initial })
        assert.deepStrictEqual(
          yield* client.deepIntegrations.getDeepIntegration({ params: { type } }),
          integration
        )
      }
    })
  )

  it.effect("are configured field by field, and are pending from the first", () =>
    Effect.gen(function* () {
      const { client } = yield* (yield* TestService).tenant("Acme")
      for (const [type, settings] of settable) {
        let whole = { ...configurations[type].initial }
        for (const [field, value] of Object.entries(settings)) {
          const { configuration, status } = yield* configure(client, type, { [field]: value })
          whole = { ...whole, [field]: value }
          assert.strictEqual(status, "pending_auth")
          assert.deepStrictEqual({ ...configuration }, whole)
        }
        const { configuration } = yield* client.deepIntegrations.getDeepIntegration({ params: { type } })
        assert.deepStrictEqual({ ...configuration }, whole)
      }
    })
  )

  it.effect("lose no setting when several are given at once", () =>
    Effect.gen(function* () {
      const { client } = yield* (yield* TestService).tenant("Acme")
      yield* configure(client, "stripe", {})
      yield* Effect.all(
        [
          configure(client, "stripe", { accountType: "custom" }),
          configure(client, "stripe", { platformFeePercent: 9 })
        ],
        { concurrency: "unbounded" }
      )
      const { configuration } = yield* client.deepIntegrations.getDeepIntegration(stripe)
      assert.deepInclude<object>(configuration, { accountType: "custom", platformFeePercent: 9 })
    })
  )

  it.effect("take no field that the vendor proves, and name it", () =>
    Effect.gen(function* () {
      const { client } = yield* (yield* TestService).tenant("Acme")
      for (const type of DeepIntegrationType.literals) {
        const { settings, whole } = configurations[type]
        const readOnly = Object.keys(whole.fields).filter((field) => !(field in settings.fields))
        assert.isNotEmpty(readOnly)
        for (const field of readOnly) {
          yield* assertRefused(configure(client, type, { [field]: "mine" }), "Unprocessable", {
            detail: `Read-only: ${field}`,
            errors: [
              { path: ["payload", field], message: "Read-only: it is proved by the vendor, not configured" }
            ]
          })
        }
        const { status } = yield* client.deepIntegrations.getDeepIntegration({ params: { type } })
        assert.strictEqual(status, "not_configured")
      }
    })
  )

  it.effect("take no unknown field and no bad value, and name the place", () =>
    Effect.gen(function* () {
      const { apiKey, client } = yield* (yield* TestService).tenant("Acme")
      const faulty: ReadonlyArray<
        readonly [DeepIntegrationType, { readonly [field: string]: Schema.Json }, ...Array<string | number>]
      > = [
        ["stripe", { colour: "blue" }, "colour"],
        ["stripe", { platformFeePercent: 101 }, "platformFeePercent"],
        ["stripe", { accountType: "gold" }, "accountType"],
        [
          "workos",
          { features: { sso: "yes", directorySync: false, adminPortal: false, auditLogs: false } },
          "features",
          "sso"
        ],
        ["workos", { features: { sso: true } }, "features"],
        ["github", { repository: "acme" }, "repository"],
        ["github", { basePath: "../etc" }, "basePath"],
        ["cloudflare", { zoneIds: ["a", 2] }, "zoneIds", 1],
        ["cloudflare", { zoneIds: ["a", "a"] }, "zoneIds"]
      ]
      for (const [type, body, ...path] of faulty) {
        const { status, text } = yield* send("PATCH", `/v1/deep-integrations/${type}`, {
          key: apiKey.secret,
          body
        })
        assert.strictEqual(status, 400, JSON.stringify(body))
        const errors = JSON.stringify((yield* problemOf(text))["errors"])
        assert.include(errors, JSON.stringify(["payload", ...path]).slice(0, -1), errors)
      }
      const { status } = yield* send("GET", "/v1/deep-integrations/salesforce", { key: apiKey.secret })
      assert.strictEqual(status, 400)
      const all = yield* client.deepIntegrations.listDeepIntegrations()
      assert.deepStrictEqual([...new Set(all.map(({ status }) => status))], ["not_configured"])
    })
  )

  it.effect("seal the webhook secret and never show it", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const vault = yield* Vault
      const { apiKey, client, tenant } = yield* (yield* TestService).tenant("Acme")
      const webhookSecret = "a secret of GitHub's, Hn3Vx8"
      const { configuration } = yield* configure(client, "github", { webhookSecret })
      assert.notProperty(configuration, "webhookSecret")
      for (const path of ["/v1/deep-integrations/github", "/v1/events", "/v1/audit"]) {
        assert.notInclude((yield* send("GET", path, { key: apiKey.secret })).text, "Hn3Vx8")
      }
      const [row] = yield* sql<{ sealed: Uint8Array; text: string }>`
        SELECT sealed, to_jsonb(deep_integrations)::text AS text FROM deep_integrations WHERE tenant_id = ${tenant.id}`
      assert.isDefined(row)
      assert.notInclude(row.text, "Hn3Vx8")
      assert.notInclude(row.text, Buffer.from("Hn3Vx8").toString("hex"))
      const address = {
        tenantId: tenant.id,
        table: "deep_integrations",
        row: "github",
        field: "webhookSecret"
      }
      assert.strictEqual(Redacted.value(yield* vault.open(address, row.sealed)), webhookSecret)
      yield* configure(client, "github", { branch: "trunk" })
      yield* client.deepIntegrations.disconnectDeepIntegration({ params: { type: "github" } })
      const [after] = yield* sql<{ sealed: Uint8Array | null }>`
        SELECT sealed FROM deep_integrations WHERE tenant_id = ${tenant.id}`
      assert.isNull(after?.sealed)
    })
  )

  it.effect("cannot be connected while the operator has not set the vendor up", () =>
    Effect.gen(function* () {
      const { client, tenant } = yield* (yield* TestService).tenant("Acme")
      const { connectDeepIntegration, reconnectDeepIntegration, resumeDeepIntegration } =
        client.deepIntegrations
      const missing = { stripe: 3, workos: 3, github: 6, cloudflare: 0 }
      for (const type of DeepIntegrationType.literals) {
        const params = { type }
        const refused = yield* Effect.flip(connectDeepIntegration({ params }))
        if (refused._tag !== "ProviderNotConfigured") return assert.fail(refused._tag)
        assert.strictEqual(refused.provider, type)
        assert.lengthOf(refused.missingSettings, missing[type])
        for (const name of refused.missingSettings) {
          assert.isTrue(name.startsWith(`${type.toUpperCase()}_`))
          assert.include(refused.detail, name)
        }
        const standing = yield* client.deepIntegrations.getDeepIntegration({ params })
        assert.strictEqual(standing.status, "not_configured")
        yield* configure(client, type, {})
        yield* assertRefused(connectDeepIntegration({ params }), "ProviderNotConfigured", { provider: type })
      }
      yield* put(tenant.id, "suspended")
      yield* assertRefused(reconnectDeepIntegration(stripe), "ProviderNotConfigured", { provider: "stripe" })
      yield* assertRefused(resumeDeepIntegration(stripe), "ProviderNotConfigured", { provider: "stripe" })
      const { apiKey } = yield* (yield* TestService).tenant("Other")
      const { status } = yield* send("POST", "/v1/deep-integrations/stripe/connect", { key: apiKey.secret })
      assert.strictEqual(status, 503)
    })
  )

  it.effect("are moved along their lifecycle and in no other way", () =>
    Effect.gen(function* () {
      const { apiKey, client, tenant } = yield* (yield* TestService).tenant("Acme")
      const moves = {
        suspend: ["POST", "/suspend"],
        "resume-verified": ["POST", "/resume"],
        reconnect: ["POST", "/reconnect"],
        connect: ["POST", "/connect"],
        disconnect: ["DELETE", ""]
      } as const
      const illegal: ReadonlyArray<readonly [Status, ...Array<keyof typeof moves>]> = [
        ["not_configured", "suspend", "resume-verified", "reconnect", "disconnect"],
        ["pending_auth", "suspend", "resume-verified", "reconnect"],
        ["active", "resume-verified", "reconnect", "connect"],
        ["error", "resume-verified", "connect"],
        ["suspended", "suspend", "connect"]
      ]
      yield* configure(client, "stripe", {})
      for (const [from, ...triggers] of illegal) {
        yield* put(tenant.id, from)
        for (const by of triggers) {
          const [method, step] = moves[by]
          const { status, text } = yield* send(method, `/v1/deep-integrations/stripe${step}`, {
            key: apiKey.secret
          })
          assert.strictEqual(status, 409, `${from} ${by}`)
          const type = "urn:do-integrations:problem:illegal-transition"
          assert.include<object>(yield* problemOf(text), { type, from, by })
        }
        assert.strictEqual((yield* client.deepIntegrations.getDeepIntegration(stripe)).status, from)
      }
    })
  )

  it.effect("keep saying why they are in error when they are configured", () =>
    Effect.gen(function* () {
      const { client, tenant } = yield* (yield* TestService).tenant("Acme")
      yield* configure(client, "stripe", {})
      yield* put(tenant.id, "error", "stripe: Unauthorized")
      const configured = yield* configure(client, "stripe", { platformFeePercent: 1 })
      assert.include(configured, { status: "error", error: "stripe: Unauthorized" })
      const suspended = yield* client.deepIntegrations.suspendDeepIntegration(stripe)
      assert.isUndefined(suspended.error)
    })
  )
})
