import { Schema } from "effect"
import { CloudflareConfiguration, CloudflareSettings } from "./DeepIntegration/Cloudflare.ts"
import { GitHubConfiguration, GitHubSettings, GitHubView } from "./DeepIntegration/GitHub.ts"
import { StripeConfiguration, StripeSettings } from "./DeepIntegration/Stripe.ts"
import { WorkOSConfiguration, WorkOSSettings } from "./DeepIntegration/WorkOS.ts"
import { described } from "./Described.ts"
import { Standing } from "./Integration.ts"
import { shallow } from "./Json.ts"
import { Timestamp } from "./Time.ts"

const standing = {
  ...Standing,
  updatedAt: Schema.optionalKey(Timestamp).pipe(
    described("When it was last changed; left out while nothing was.")
  )
}

const vendor = <const Type extends string>(type: Type) => Schema.tag(type).pipe(described("The vendor."))
const known = described("What is known of the tenant's account with the vendor.")

/** A deep integration with what is known of it. Secrets are never part of it. */
export const DeepIntegration = Schema.Union([
  Schema.Struct({ type: vendor("stripe"), configuration: known(StripeConfiguration), ...standing }),
  Schema.Struct({ type: vendor("workos"), configuration: known(WorkOSConfiguration), ...standing }),
  Schema.Struct({ type: vendor("github"), configuration: known(GitHubView), ...standing }),
  Schema.Struct({ type: vendor("cloudflare"), configuration: known(CloudflareConfiguration), ...standing })
]).annotate({ identifier: "DeepIntegration" })
export type DeepIntegration = typeof DeepIntegration.Type

/**
 * For each vendor: the whole configuration, what it is before anything is set, and the part that a tenant
 * sets. The fields outside that part are proved by the vendor and read-only over the API.
 */
export const configurations = {
  stripe: { whole: StripeConfiguration, initial: StripeConfiguration.initial, settings: StripeSettings },
  workos: { whole: WorkOSConfiguration, initial: WorkOSConfiguration.initial, settings: WorkOSSettings },
  github: { whole: GitHubConfiguration, initial: GitHubConfiguration.initial, settings: GitHubSettings },
  cloudflare: {
    whole: CloudflareConfiguration,
    initial: CloudflareConfiguration.initial,
    settings: CloudflareSettings
  }
} as const

/** Settings of any vendor, as JSON; which fields there are depends on the vendor in the path. */
export const DeepIntegrationSettings = Schema.Record(Schema.String, Schema.Json)
  .annotate({
    description:
      "stripe: accountType, platformFeePercent. workos: features, ssoProviders. " +
      "github: repository, branch, basePath, webhookSecret. " +
      "cloudflare: zoneIds, workersNamespace, kvNamespaces, r2Buckets, d1Databases, durableObjectNamespaces. " +
      "Everything else is proved by the vendor and read-only (422).",
    examples: [{ platformFeePercent: 2.5 }]
  })
  .check(shallow)
  .annotate({ identifier: "DeepIntegrationSettings" })

/** What comes next on the way to a connection: an address that the user visits, or nothing more. */
export const ConnectStep = Schema.Union([
  Schema.Struct({
    next: Schema.tag("visit").pipe(described("The user has to consent.")),
    url: Schema.String.annotate({ format: "uri" }).pipe(described("Where the user consents."))
  }),
  Schema.Struct({ next: Schema.tag("done").pipe(described("It is connected.")) })
]).annotate({ identifier: "ConnectStep" })
export type ConnectStep = typeof ConnectStep.Type
