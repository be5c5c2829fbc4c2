import { assert, describe, it } from "@effect/vitest"
import { Equal, Redacted, Schema } from "effect"
import { configurations, DeepIntegration } from "../src/DeepIntegration.ts"
import { GitHubConfiguration, GitHubPermissions } from "../src/DeepIntegration/GitHub.ts"
import { AccountType } from "../src/DeepIntegration/Stripe.ts"
import { WorkOSFeatures } from "../src/DeepIntegration/WorkOS.ts"

/** Each configuration's fields as specified, and those of them that a tenant sets. */
const specified = {
  stripe: {
    whole: ["accountId", "accountType", "chargesEnabled", "payoutsEnabled", "platformFeePercent"],
    settings: ["accountType", "platformFeePercent"]
  },
  workos: {
    whole: ["organizationId", "ssoConnectionId", "directoryConnectionId", "features", "ssoProviders"],
    settings: ["features", "ssoProviders"]
  },
  github: {
    whole: [
      "installationId",
      "repository",
      "branch",
      "basePath",
      "permissions",
      "webhookSecret",
      "lastSyncSha"
    ],
    settings: ["repository", "branch", "basePath", "webhookSecret"]
  },
  cloudflare: {
    whole: [
      "accountId",
      "zoneIds",
      "workersNamespace",
      "kvNamespaces",
      "r2Buckets",
      "d1Databases",
      "durableObjectNamespaces"
    ],
    settings: [
      "zoneIds",
      "workersNamespace",
      "kvNamespaces",
      "r2Buckets",
      "d1Databases",
      "durableObjectNamespaces"
    ]
  }
}

describe("deep configurations", () => {
  it("have exactly the specified fields", () => {
    const actual = Object.entries(configurations).map(([type, { settings, whole }]) => [
      type,
      { whole: Object.keys(whole.fields), settings: Object.keys(settings.fields) }
    ])
    assert.deepStrictEqual(Object.fromEntries(actual), specified)
    assert.deepStrictEqual(AccountType.literals, ["standard", "express", "custom"])
    assert.deepStrictEqual(Object.keys(WorkOSFeatures.fields), [
      "sso",
      "directorySync",
      "adminPortal",
      "auditLogs"
    ])
    assert.deepStrictEqual(Object.keys(GitHubPermissions.fields), [
      "contents",
      "pullRequests",
      "issues",
      "actions",
      "webhooks"
    ])
  })

  for (const [type, { whole }] of Object.entries(configurations)) {
    it.prop(`${type} travels as JSON and comes back the same`, [whole], ([value]) => {
      const codec = Schema.toCodecJson<Schema.ConstraintCodec<unknown, unknown>>(whole)
      const json = JSON.stringify(Schema.encodeUnknownSync(codec)(value))
      // JSON knows no -0; `Equal` takes it for 0.
      assert.isTrue(Equal.equals(Schema.decodeUnknownSync(codec)(JSON.parse(json)), value))
    })
  }

  it("bound the platform's share", () => {
    const decode = Schema.decodeUnknownExit(configurations.stripe.settings)
    for (const platformFeePercent of [0, 2.5, 100]) {
      assert.strictEqual(decode({ platformFeePercent })._tag, "Success")
    }
    for (const platformFeePercent of [-0.1, 100.1, Number.NaN, "2"]) {
      assert.strictEqual(decode({ platformFeePercent })._tag, "Failure")
    }
  })

  it("never show GitHub's webhook secret", () => {
    const configuration = new GitHubConfiguration({
      ...GitHubConfiguration.initial,
      webhookSecret: Redacted.make("s3cret")
    })
    const shown = Schema.encodeUnknownSync(DeepIntegration)({
      type: "github",
      status: "active",
      configuration
    })
    assert.notInclude(JSON.stringify(shown), "s3cret")
    assert.notInclude(String(configuration), "s3cret")
  })
})
