import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import { AppConfig } from "../src/Config.ts"

const settingsFrom = (environment: Readonly<Record<string, string>>) =>
  AppConfig.pipe(
    Effect.provide(
      Layer.provide(AppConfig.layer, ConfigProvider.layer(ConfigProvider.fromEnv({ env: environment })))
    )
  )

describe("the settings of the way in", () => {
  it.effect("are off unless they are given", () =>
    Effect.gen(function* () {
      for (const environment of [{}, { TRUSTED_PROXIES: "", GITHUB_WEBHOOK_SECRET: " , " }]) {
        const { trustedProxies, webhookSecrets } = yield* settingsFrom(environment)
        assert.deepStrictEqual(trustedProxies, [])
        assert.deepStrictEqual(webhookSecrets, { stripe: [], workos: [], github: [] })
      }
    })
  )

  it.effect("are lists with commas, and secrets are not shown", () =>
    Effect.gen(function* () {
      const settings = yield* settingsFrom({
        TRUSTED_PROXIES: "10.0.0.0/8, 192.0.2.7,2001:db8::/32 , ::ffff:172.16.0.0/108",
        STRIPE_WEBHOOK_SECRET: "whsec_new, whsec_old",
        WORKOS_WEBHOOK_SECRET: "only one"
      })
      assert.deepStrictEqual(settings.trustedProxies.map(String), [
        "10.0.0.0/8",
        "192.0.2.7/32",
        "2001:db8::/32",
        "172.16.0.0/12"
      ])
      const { github, stripe, workos } = settings.webhookSecrets
      assert.deepStrictEqual(stripe.map(Redacted.value), ["whsec_new", "whsec_old"])
      assert.deepStrictEqual(workos.map(Redacted.value), ["only one"])
      assert.deepStrictEqual(github, [])
      assert.notInclude(JSON.stringify(settings), "whsec")
      assert.notInclude(String(stripe), "whsec")
    })
  )

  it.effect("end the start with the name of a secret that is too short, and not with the secret", () =>
    Effect.gen(function* () {
      for (const secret of ["x", "1234567", "long enough,1234567"]) {
        const error = yield* Effect.flip(settingsFrom({ GITHUB_WEBHOOK_SECRET: secret }))
        assert.strictEqual(error._tag, "SettingsError")
        assert.strictEqual(error.message, "GITHUB_WEBHOOK_SECRET: holds a secret of fewer than 8 characters")
      }
    })
  )

  it.effect("end the start with a line that names a proxy that is none", () =>
    Effect.gen(function* () {
      for (const entry of [
        "10.0.0.1/8",
        "10.0.0.0/33",
        "proxy.example",
        "10.0.0",
        "::1/129",
        "*",
        "10.0.0.0/8:80"
      ]) {
        const error = yield* Effect.flip(settingsFrom({ TRUSTED_PROXIES: `10.0.0.0/8,${entry}` }))
        assert.strictEqual(error._tag, "SettingsError")
        assert.match(
          error.message,
          /^TRUSTED_PROXIES: "[^"]+" is no network such as 10\.0\.0\.0\/8, and no address: /
        )
        assert.include(error.message, `"${entry}"`)
        assert.notInclude(error.message, "\n")
      }
    })
  )
})
