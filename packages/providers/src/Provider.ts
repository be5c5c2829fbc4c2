import type { ConnectStep } from "@do-integrations/domain/DeepIntegration"
import type { DeepIntegrationType } from "@do-integrations/domain/Integration"
import { ProviderNotConfigured } from "@do-integrations/domain/Problem"
import type { TenantId } from "@do-integrations/domain/Tenant"
import { Config, Context, Effect, Layer, Option, type Schema } from "effect"
import type { VendorError } from "./VendorError.ts"

/** What a vendor proved of a connection: fields of its configuration that nobody may set. */
export type Observed = { readonly [field: string]: Schema.Json }

/**
 * The port that every deep vendor implements. An adapter reads the credentials that it needs through
 * services of its own layer.
 */
export interface Provider {
  /** The first step of a connection: where the user goes, or nothing more to do. */
  connect(tenantId: TenantId): Effect.Effect<ConnectStep, VendorError>
  /** Succeeds with what the vendor proves when the credentials that are stored for the tenant hold. */
  verify(tenantId: TenantId): Effect.Effect<Observed, VendorError>
}

/** For each vendor, the settings of the operator without which it cannot be reached. */
const requiredSettings: Readonly<Record<DeepIntegrationType, ReadonlyArray<string>>> = {
  stripe: ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_CLIENT_ID"],
  workos: ["WORKOS_API_KEY", "WORKOS_CLIENT_ID", "WORKOS_WEBHOOK_SECRET"],
  github: [
    "GITHUB_APP_ID",
    "GITHUB_APP_SLUG",
    "GITHUB_CLIENT_ID",
    "GITHUB_CLIENT_SECRET",
    "GITHUB_PRIVATE_KEY",
    "GITHUB_WEBHOOK_SECRET"
  ],
  // The token is the tenant's own.
  cloudflare: []
}

/** The adapters that this process has; each vendor adds one line here and a folder of its own. */
type Adapters = Readonly<Partial<Record<DeepIntegrationType, Provider>>>

/** The registry of the deep vendors. */
export class Providers extends Context.Service<
  Providers,
  {
    /** The vendor's adapter, or the settings that are missing for it. */
    get(type: DeepIntegrationType): Effect.Effect<Provider, ProviderNotConfigured>
  }
>()("@do-integrations/providers/Provider/Providers") {
  static readonly layer = (adapters: Adapters) =>
    Layer.effect(
      Providers,
      Effect.gen(function* () {
        const names = Object.values(requiredSettings).flat()
        const values = yield* Effect.forEach(names, (name) => Config.option(Config.NonEmptyString(name)))
        const absent = new Set(names.filter((_, index) => Option.isNone(values[index] ?? Option.none())))

        const get = Effect.fn("Providers.get")(function* (type: DeepIntegrationType) {
          const missingSettings = requiredSettings[type].filter((name) => absent.has(name))
          const adapter = adapters[type]
          if (adapter !== undefined && missingSettings.length === 0) return adapter
          return yield* new ProviderNotConfigured({
            provider: type,
            missingSettings,
            detail:
              missingSettings.length > 0
                ? `The operator has not set ${missingSettings.join(", ")}`
                : "This version of the service has no adapter for it"
          })
        })

        return Providers.of({ get })
      })
    )
}
