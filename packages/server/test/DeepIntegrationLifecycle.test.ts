import { configurations } from "@do-integrations/domain/DeepIntegration"
import { DeepIntegrationType } from "@do-integrations/domain/Integration"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import { assertRefused } from "./support/Refused.ts"
import { TestService } from "./support/TestService.ts"
import { TestVendor } from "./support/TestVendor.ts"

const stripe = { params: { type: "stripe" } } as const

const withVendor = Layer.merge(TestService.layerWith({}, TestVendor.layerProviders), TestVendor.layer)

layer(withVendor, { excludeTestServices: true, timeout: "60 seconds" })(
  "Deep integrations with a vendor",
  (it) => {
    it.effect("go through their whole lifecycle and tell of every step", () =>
      Effect.gen(function* () {
        const vendor = yield* TestVendor
        const { apiKey, client } = yield* (yield* TestService).tenant("Acme")
        const api = client.deepIntegrations
        const status = Effect.map(api.getDeepIntegration(stripe), (integration) => integration.status)
        const visit = { next: "visit", url: "https://vendor.example/consent" } as const
        yield* vendor.behave({})
        yield* api.configureDeepIntegration({ ...stripe, payload: { platformFeePercent: 1 } })
        assert.deepStrictEqual(yield* api.connectDeepIntegration(stripe), visit)
        assert.strictEqual(yield* status, "pending_auth")
        yield* vendor.behave({ step: { next: "done" } })
        assert.deepStrictEqual(yield* api.connectDeepIntegration(stripe), { next: "done" })
        const connected = yield* api.getDeepIntegration(stripe)
        assert.strictEqual(connected.status, "active")
        assert.isDefined(connected.connectedAt)
        assert.deepStrictEqual(connected.lastActivityAt, connected.connectedAt)

        assert.strictEqual((yield* api.suspendDeepIntegration(stripe)).status, "suspended")
        assert.strictEqual((yield* api.resumeDeepIntegration(stripe)).status, "active")

        yield* api.suspendDeepIntegration(stripe)
        yield* vendor.behave({ credentials: "unreachable" })
        yield* assertRefused(api.resumeDeepIntegration(stripe), "Unavailable")
        yield* assertRefused(api.reconnectDeepIntegration(stripe), "Unavailable")
        assert.strictEqual(yield* status, "suspended")
        yield* vendor.behave({ credentials: "dead" })
        const dead = yield* api.resumeDeepIntegration(stripe)
        assert.include(dead, { status: "error", error: "stripe: Unauthorized" })

        assert.deepStrictEqual(yield* api.reconnectDeepIntegration(stripe), visit)
        assert.strictEqual(yield* status, "pending_auth")
        yield* vendor.behave({ step: { next: "done" } })
        yield* api.connectDeepIntegration(stripe)
        yield* api.suspendDeepIntegration(stripe)
        assert.deepStrictEqual(yield* api.reconnectDeepIntegration(stripe), { next: "done" })
        assert.strictEqual(yield* status, "active")
        const gone = yield* api.disconnectDeepIntegration(stripe)
        assert.strictEqual(gone.status, "not_configured")
        assert.deepStrictEqual({ ...gone.configuration }, { ...configurations.stripe.initial })
        assert.isUndefined(gone.connectedAt)

        const integrationType = "stripe"
        const told = yield* client.events.listEvents({ query: {} })
        assert.deepStrictEqual(
          told.items.toReversed().map(({ data, subject, type }) => [type, subject, data]),
          [
            ["integration:connected", "stripe", { integrationType }],
            ["integration:connected", "stripe", { integrationType }],
            ["integration:error", "stripe", { integrationType, error: "stripe: Unauthorized" }],
            ["integration:connected", "stripe", { integrationType }],
            ["integration:connected", "stripe", { integrationType }],
            ["integration:disconnected", "stripe", { integrationType }]
          ]
        )
        const { items } = yield* client.audit.listAudit({ query: { limit: 100 } })
        assert.deepStrictEqual(
          items
            .filter(({ target }) => target === "stripe")
            .toReversed()
            .map(({ action, actor, details }) => [actor, action, details["from"], details["to"]]),
          [
            ["configure", "not_configured", "pending_auth"],
            ["authorized", "pending_auth", "active"],
            ["suspend", "active", "suspended"],
            ["resume-verified", "suspended", "active"],
            ["suspend", "active", "suspended"],
            ["resume-failed", "suspended", "error"],
            ["reconnect-consent", "error", "pending_auth"],
            ["authorized", "pending_auth", "active"],
            ["suspend", "active", "suspended"],
            ["reconnect-verified", "suspended", "active"],
            ["disconnect", "active", "not_configured"]
          ].map(([by, from, to]) => [apiKey.id, `deep_integration.${by}`, from, to])
        )
      })
    )

    it.effect("begin with a connection, unconfigured, and end as if they had never been", () =>
      Effect.gen(function* () {
        const vendor = yield* TestVendor
        const { client } = yield* (yield* TestService).tenant("Acme")
        yield* vendor.behave({ step: { next: "done" } })
        for (const type of DeepIntegrationType.literals) {
          const params = { type }
          const before = yield* client.deepIntegrations.getDeepIntegration({ params })
          yield* client.deepIntegrations.connectDeepIntegration({ params })
          assert.strictEqual((yield* client.deepIntegrations.getDeepIntegration({ params })).status, "active")
          const { updatedAt, ...after } = yield* client.deepIntegrations.disconnectDeepIntegration({ params })
          assert.isDefined(updatedAt)
          assert.deepStrictEqual<object>(after, before)
        }
      })
    )

    it.effect("let one of several moves at once win", () =>
      Effect.gen(function* () {
        const vendor = yield* TestVendor
        const { client } = yield* (yield* TestService).tenant("Acme")
        yield* vendor.behave({ step: { next: "done" } })
        yield* client.deepIntegrations.connectDeepIntegration(stripe)
        for (const move of [
          client.deepIntegrations.suspendDeepIntegration,
          client.deepIntegrations.resumeDeepIntegration
        ]) {
          const results = yield* Effect.all(
            Array.from({ length: 5 }, () => Effect.result(move(stripe))),
            { concurrency: "unbounded" }
          )
          assert.lengthOf(results.filter(Result.isSuccess), 1)
          for (const { failure } of results.filter(Result.isFailure)) {
            assert.include(["Conflict", "IllegalTransition"], failure._tag)
          }
        }
        const { items } = yield* client.audit.listAudit({ query: {} })
        assert.deepStrictEqual(
          items.filter(({ target }) => target === "stripe").map(({ action }) => action),
          ["resume-verified", "suspend", "authorized", "connect"].map((by) => `deep_integration.${by}`)
        )
        const events = yield* client.events.listEvents({ query: {} })
        assert.lengthOf(events.items, 2)
      })
    )
  }
)
