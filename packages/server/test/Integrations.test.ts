import { IntegrationId } from "@do-integrations/domain/Integration"
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { Vault } from "../src/Vault.ts"
import { walk } from "./support/Pages.ts"
import { assertRefused } from "./support/Refused.ts"
import { TestService } from "./support/TestService.ts"
import { send } from "./support/Wire.ts"

const credential = "sk_live_Qm7Jw2Zt9LrXb4"

const billing = {
  type: "api_key",
  name: "Billing",
  baseUrl: "https://127.0.0.1/v1",
  placement: { in: "bearer" },
  credential: Redacted.make(credential)
} as const

const sealedOf = Effect.fnUntraced(function* (id: IntegrationId) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ credential: Uint8Array; text: string }>`
    SELECT credential, to_jsonb(integrations)::text AS text FROM integrations WHERE id = ${id}`
  assert.isDefined(row)
  return row
})

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("Integrations", (it) => {
  it.effect("are added, listed newest first, changed and removed", () =>
    Effect.gen(function* () {
      const { client } = yield* (yield* TestService).tenant("Acme")
      const add = (name: string) =>
        client.integrations.addIntegration({ headers: {}, payload: { ...billing, name } })
      const [first, second, third] = [yield* add("One"), yield* add("Two"), yield* add("Three")]
      assert.strictEqual(first.status, "active")
      assert.deepStrictEqual(first.connectedAt, first.createdAt)
      assert.deepStrictEqual(yield* walk((query) => client.integrations.listIntegrations({ query })), [
        third,
        second,
        first
      ])
      const changed = yield* client.integrations.updateIntegration({
        params: { id: first.id },
        payload: { name: "Uno", placement: { in: "header", name: "X-Api-Key" } }
      })
      assert.strictEqual(changed.name, "Uno")
      assert.deepStrictEqual(changed.placement, { in: "header", name: "X-Api-Key" })
      assert.strictEqual(changed.baseUrl, first.baseUrl)
      assert.deepStrictEqual(yield* client.integrations.getIntegration({ params: { id: first.id } }), changed)
      yield* client.integrations.removeIntegration({ params: { id: first.id } })
      yield* assertRefused(client.integrations.getIntegration({ params: { id: first.id } }), "NotFound")
      yield* assertRefused(client.integrations.removeIntegration({ params: { id: first.id } }), "NotFound")
      assert.lengthOf((yield* client.integrations.listIntegrations({ query: {} })).items, 2)
    })
  )

  it.effect("tell of their coming and going in events and in the audit log", () =>
    Effect.gen(function* () {
      const { apiKey, client } = yield* (yield* TestService).tenant("Acme")
      const { id } = yield* client.integrations.addIntegration({ headers: {}, payload: billing })
      yield* client.integrations.updateIntegration({ params: { id }, payload: { name: "Renamed" } })
      yield* client.integrations.removeIntegration({ params: { id } })
      const events = yield* client.events.listEvents({ query: {} })
      assert.deepStrictEqual(
        events.items.map(({ data, subject, type }) => ({ data, subject, type })),
        [
          { type: "integration:disconnected", subject: id, data: { integrationType: "api_key" } },
          { type: "integration:connected", subject: id, data: { integrationType: "api_key" } }
        ]
      )
      const audit = yield* client.audit.listAudit({ query: {} })
      assert.deepStrictEqual(
        audit.items
          .filter(({ target }) => target === id)
          .map(({ action, actor, details }) => ({ action, actor, details })),
        [
          { action: "integration.removed", actor: apiKey.id, details: {} },
          { action: "integration.updated", actor: apiKey.id, details: { changed: ["name"] } },
          { action: "integration.added", actor: apiKey.id, details: { name: "Billing" } }
        ]
      )
    })
  )

  it.effect("show their credential nowhere and store it sealed", () =>
    Effect.gen(function* () {
      const vault = yield* Vault
      const { apiKey, tenant } = yield* (yield* TestService).tenant("Acme")
      const added = yield* send("POST", "/v1/integrations", {
        key: apiKey.secret,
        body: { ...billing, credential }
      })
      assert.strictEqual(added.status, 201)
      const id = IntegrationId.make(JSON.parse(added.text).id)
      const replaced = "sk_live_second_Hn3Vx8"
      const answers = [
        added,
        yield* send("GET", `/v1/integrations/${id}`, { key: apiKey.secret }),
        yield* send("GET", "/v1/integrations", { key: apiKey.secret }),
        yield* send("GET", "/v1/events", { key: apiKey.secret }),
        yield* send("GET", "/v1/audit", { key: apiKey.secret })
      ]
      const address = { tenantId: tenant.id, table: "integrations", row: id, field: "credential" }
      const first = yield* sealedOf(id)
      assert.strictEqual(Redacted.value(yield* vault.open(address, first.credential)), credential)
      answers.push(
        yield* send("PATCH", `/v1/integrations/${id}`, { key: apiKey.secret, body: { credential: replaced } })
      )
      const second = yield* sealedOf(id)
      assert.strictEqual(Redacted.value(yield* vault.open(address, second.credential)), replaced)
      for (const secret of [credential, replaced]) {
        for (const { text } of answers) assert.notInclude(text, secret)
        for (const row of [first, second]) {
          assert.isFalse(Buffer.from(row.credential).includes(secret))
          assert.notInclude(row.text, secret)
          assert.notInclude(row.text, Buffer.from(secret).toString("hex"))
        }
      }
    })
  )

  it.effect("send a stored credential to no other origin than it was given for", () =>
    Effect.gen(function* () {
      const vault = yield* Vault
      const { client, tenant } = yield* (yield* TestService).tenant("Acme")
      const { id } = yield* client.integrations.addIntegration({ headers: {}, payload: billing })
      const move = (payload: { readonly baseUrl: string; readonly credential?: Redacted.Redacted }) =>
        client.integrations.updateIntegration({ params: { id }, payload })
      for (const baseUrl of ["https://127.0.0.1:8443/v1", "http://127.0.0.1/v1", "http://127.0.0.1:443/v1"]) {
        yield* assertRefused(move({ baseUrl }), "Unprocessable", {
          errors: [
            { path: ["payload", "baseUrl"], message: "Another origin needs the credential entered again" }
          ]
        })
      }
      assert.strictEqual(
        (yield* move({ baseUrl: "https://127.0.0.1:443/v2" })).baseUrl,
        "https://127.0.0.1:443/v2"
      )
      const moved = yield* move({ baseUrl: "https://127.0.0.1:8443", credential: Redacted.make("sk_new") })
      assert.strictEqual(moved.baseUrl, "https://127.0.0.1:8443")
      const address = { tenantId: tenant.id, table: "integrations", row: id, field: "credential" }
      const { credential } = yield* sealedOf(id)
      assert.strictEqual(Redacted.value(yield* vault.open(address, credential)), "sk_new")
    })
  )
})

const refused = [
  ["https://127.0.0.1/v1", "loopback"],
  ["https://[::1]/v1", "loopback"],
  ["https://[::ffff:10.0.0.1]/v1", "private network"],
  ["https://10.1.2.3", "private network"],
  ["https://0x7f.1/", "loopback"],
  ["https://100.64.0.1", "carrier-grade NAT"],
  ["https://169.254.169.254/latest/meta-data", "cloud metadata"],
  ["http://1.1.1.1", "plain http"],
  ["https://nobody.invalid", "unresolvable name"]
] as const

layer(TestService.layerWith({ egressAllow: [] }), { excludeTestServices: true, timeout: "60 seconds" })(
  "URLs that may not be called",
  (it) => {
    it.effect("are refused when they are given, with the reason", () =>
      Effect.gen(function* () {
        const { client } = yield* (yield* TestService).tenant("Acme")
        const { id } = yield* client.integrations.addIntegration({
          headers: {},
          payload: { ...billing, baseUrl: "https://1.1.1.1/v1" }
        })
        const outbound = yield* client.webhooks.createOutboundWebhook({
          headers: {},
          payload: { url: "https://1.1.1.1/hooks", eventTypes: ["*"] }
        })
        for (const [url, reason] of refused) {
          const message = `${new URL(url).hostname.replace(/^\[(.*)\]$/, "$1")} is refused: ${reason}`
          const said = (field: string) => ({ errors: [{ path: ["payload", field], message }] })
          yield* assertRefused(
            client.integrations.addIntegration({ headers: {}, payload: { ...billing, baseUrl: url } }),
            "Unprocessable",
            said("baseUrl")
          )
          yield* assertRefused(
            client.integrations.updateIntegration({ params: { id }, payload: { baseUrl: url } }),
            "Unprocessable",
            said("baseUrl")
          )
          yield* assertRefused(
            client.webhooks.createOutboundWebhook({ headers: {}, payload: { url, eventTypes: ["*"] } }),
            "Unprocessable",
            said("url")
          )
          yield* assertRefused(
            client.webhooks.updateOutboundWebhook({ params: { id: outbound.id }, payload: { url } }),
            "Unprocessable",
            said("url")
          )
        }
        const { items } = yield* client.integrations.listIntegrations({ query: {} })
        assert.deepStrictEqual(
          items.map(({ baseUrl }) => baseUrl),
          ["https://1.1.1.1/v1"]
        )
      })
    )
  }
)
