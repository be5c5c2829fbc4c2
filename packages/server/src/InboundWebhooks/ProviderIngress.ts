import { IngressProvider } from "@do-integrations/domain/Api/Ingress"
import { NotFound, ProviderNotConfigured } from "@do-integrations/domain/Problem"
import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { Context, DateTime, Effect, Layer, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { AppConfig, SettingsError, webhookSecretSetting } from "../Config.ts"
import { newInboundWebhookId } from "../Ids.ts"
import { type Found, Ingress } from "./Ingress.ts"
import { verifierOf } from "./Schemes.ts"

/** How each vendor signs what it sends to the platform. */
const schemes: Readonly<Record<IngressProvider, InboundScheme>> = {
  stripe: { type: "stripe" },
  workos: { type: "workos" },
  github: { type: "github" }
}

const names: Readonly<Record<IngressProvider, string>> = {
  stripe: "Stripe",
  workos: "WorkOS",
  github: "GitHub"
}

const isProvider = Schema.is(IngressProvider)

/**
 * The platform's own webhooks at its vendors. Each is a row without a tenant whose secrets are in the settings, never
 * in the table. The first start with its setting makes it; a secret that the vendor's scheme cannot have ends the start.
 */
export class ProviderIngress extends Context.Service<
  ProviderIngress,
  {
    /** A vendor's webhook, by the last segment of its address. */
    find(type: string): Effect.Effect<Found, NotFound | ProviderNotConfigured>
  }
>()("@do-integrations/server/InboundWebhooks/ProviderIngress") {
  static readonly layer = Layer.effect(
    ProviderIngress,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const ingress = yield* Ingress
      const random = yield* SecureRandom.SecureRandom
      const { webhookSecrets } = yield* AppConfig

      const prepare = Effect.fnUntraced(function* (provider: IngressProvider) {
        const scheme = schemes[provider]
        yield* Effect.mapError(
          verifierOf(scheme, webhookSecrets[provider]),
          ({ message }) => new SettingsError({ setting: webhookSecretSetting(provider), problem: message })
        )
        // No token has this hash: it is found by its vendor alone.
        const hash = yield* random.randomBytes(32)
        const createdAt = yield* DateTime.nowAsDate
        yield* sql`
          INSERT INTO inbound_webhooks (id, provider, token_hash, name, source, scheme, secrets, created_at)
          VALUES (${yield* newInboundWebhookId}, ${provider}, ${hash}, ${names[provider]}, ${provider},
            ${JSON.stringify(scheme)}, ${new Uint8Array()}, ${createdAt})
          ON CONFLICT (provider) DO NOTHING`.pipe(Effect.orDie)
      })

      for (const provider of IngressProvider.literals) {
        if (webhookSecrets[provider].length > 0) yield* prepare(provider)
      }

      const find = (type: string): Effect.Effect<Found, NotFound | ProviderNotConfigured> => {
        if (!isProvider(type)) return Effect.fail(new NotFound())
        if (webhookSecrets[type].length > 0) return ingress.findProvider(type)
        const setting = webhookSecretSetting(type)
        return Effect.fail(
          new ProviderNotConfigured({
            provider: type,
            missingSettings: [setting],
            detail: `The operator has not set ${setting}`
          })
        )
      }

      return ProviderIngress.of({ find })
    })
  )
}
