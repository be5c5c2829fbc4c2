import { TenantSettings } from "@do-integrations/domain/Tenant"
import { assert, layer } from "@effect/vitest"
import { Effect, Result } from "effect"
import { assertRefused } from "./support/Refused.ts"
import { TestService } from "./support/TestService.ts"
import { problemOf, send } from "./support/Wire.ts"

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("Settings", (it) => {
  it.effect("begin with the defaults and change only where they are told to", () =>
    Effect.gen(function* () {
      const { client, tenant } = yield* (yield* TestService).tenant("Acme")
      assert.deepStrictEqual(yield* client.settings.getSettings(), TenantSettings.defaults)
      const changed = yield* client.settings.updateSettings({ payload: { retentionDays: 60 } })
      assert.deepStrictEqual(changed, new TenantSettings({ ...TenantSettings.defaults, retentionDays: 60 }))
      assert.deepStrictEqual(yield* client.settings.getSettings(), changed)
      const [entry] = (yield* client.audit.listAudit({ query: { limit: 1 } })).items
      assert.include(entry, { action: "settings.updated", target: tenant.id })
      assert.deepStrictEqual(entry?.details, { changed: ["retentionDays"] })
    })
  )

  it.effect("lose nothing when several are changed at once", () =>
    Effect.gen(function* () {
      const { client } = yield* (yield* TestService).tenant("Acme")
      const changes = [
        { retentionDays: 90 },
        { endpointCap: 7 },
        { returnOrigins: ["https://app.example.com"] }
      ]
      yield* Effect.forEach(changes, (payload) => client.settings.updateSettings({ payload }), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(
        yield* client.settings.getSettings(),
        new TenantSettings({ retentionDays: 90, endpointCap: 7, returnOrigins: ["https://app.example.com"] })
      )
    })
  )

  it.effect("decide how webhooks retry that say nothing of it, within what is kept", () =>
    Effect.gen(function* () {
      const { client } = yield* (yield* TestService).tenant("Acme")
      const defaultRetry = { type: "list", delaysSeconds: [60, 3600] } as const
      yield* client.settings.updateSettings({ payload: { defaultRetry } })
      const payload = { url: "http://127.0.0.1:9/hooks", eventTypes: ["*"] }
      const silent = yield* client.webhooks.createOutboundWebhook({ payload })
      assert.deepStrictEqual(silent.retry, defaultRetry)
      const named = yield* client.webhooks.createOutboundWebhook({
        payload: { ...payload, retry: { type: "default" } }
      })
      assert.deepStrictEqual(named.retry, { type: "default" })
      const long = { type: "list", delaysSeconds: [86_400 * 8] } as const
      const refused = client.settings.updateSettings({ payload: { retentionDays: 7, defaultRetry: long } })
      assert.strictEqual((yield* Effect.flip(refused))._tag, "Unprocessable")
      assert.deepStrictEqual((yield* client.settings.getSettings()).defaultRetry, defaultRetry)
    })
  )

  it.effect("are refused outside their bounds, with the place", () =>
    Effect.gen(function* () {
      const { apiKey, client } = yield* (yield* TestService).tenant("Acme")
      const faulty = [
        ["endpointCap", 0],
        ["endpointCap", 100_001],
        ["retentionDays", 366],
        ["retentionDays", 29.5],
        ["returnOrigins", ["https://app.example.com/path"]],
        ["colour", "blue"]
      ] as const
      for (const [field, value] of faulty) {
        const { status, text } = yield* send("PATCH", "/v1/settings", {
          key: apiKey.secret,
          body: { [field]: value }
        })
        assert.strictEqual(status, 400, field)
        assert.include(JSON.stringify((yield* problemOf(text))["errors"]), `["payload","${field}"`)
      }
      assert.deepStrictEqual(yield* client.settings.getSettings(), TenantSettings.defaults)
    })
  )

  it.effect("cap the outbound webhooks, however many are created at once", () =>
    Effect.gen(function* () {
      const { client } = yield* (yield* TestService).tenant("Acme")
      yield* client.settings.updateSettings({ payload: { endpointCap: 3 } })
      const create = client.webhooks.createOutboundWebhook({
        headers: {},
        payload: { url: "https://127.0.0.1/hooks", eventTypes: ["*"] }
      })
      const results = yield* Effect.all(
        Array.from({ length: 8 }, () => Effect.result(create)),
        { concurrency: "unbounded" }
      )
      const created = results.filter(Result.isSuccess)
      assert.lengthOf(created, 3)
      for (const failed of results.filter(Result.isFailure)) {
        assert.strictEqual(failed.failure._tag, "Unprocessable")
      }
      const { items } = yield* client.webhooks.listWebhooks({ query: {} })
      assert.lengthOf(items, 3)
      yield* assertRefused(create, "Unprocessable", { detail: "The tenant may have 3 outbound webhooks" })
      const [first] = created
      assert.isDefined(first)
      yield* client.webhooks.removeOutboundWebhook({ params: { id: first.success.id } })
      yield* create
      yield* assertRefused(create, "Unprocessable")
    })
  )
})
