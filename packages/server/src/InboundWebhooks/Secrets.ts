import { Unprocessable } from "@do-integrations/domain/Problem"
import type { TenantId } from "@do-integrations/domain/Tenant"
import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { Effect, Redacted, Schema } from "effect"
import type { Mac, Signature } from "effect/crypto"
import { AppConfig } from "../Config.ts"
import { Vault } from "../Vault.ts"
import { verifierOf } from "./Schemes.ts"
import type { StoredInboundWebhook } from "./Stored.ts"

const SecretList = Schema.fromJsonString(Schema.Array(Schema.RedactedFromValue(Schema.String)))
const encode = Schema.encodeEffect(SecretList)
const decode = Schema.decodeEffect(SecretList)

const address = (tenantId: TenantId, id: InboundWebhookId) =>
  ({ tenantId, table: "inbound_webhooks", row: id, field: "secrets" }) as const

const refused = (message: string) =>
  new Unprocessable({ errors: [{ path: ["payload", "secrets"], message }] })

/** The secrets that senders prove their messages with: all of one webhook's are sealed together. */
export const makeSecrets = Effect.gen(function* () {
  const crypto = yield* Effect.context<Mac.Mac | Signature.Signature>()
  const vault = yield* Vault
  const { webhookSecrets } = yield* AppConfig

  /** Refuses secrets that the scheme cannot have, so that a slip shows when it is made. */
  const seal = Effect.fnUntraced(
    function* (
      tenantId: TenantId,
      id: InboundWebhookId,
      scheme: InboundScheme,
      secrets: ReadonlyArray<Redacted.Redacted> = []
    ) {
      if (scheme.type === "none" && secrets.length > 0)
        return yield* refused("Expected none under scheme none")
      if (scheme.type !== "none" && secrets.length === 0)
        return yield* refused("Expected at least one secret")
      yield* Effect.mapError(verifierOf(scheme, secrets), (error) => refused(error.message))
      return yield* vault.seal(address(tenantId, id), Redacted.make(yield* encode(secrets)))
    },
    Effect.provideContext(crypto),
    Effect.catchTags({ SchemaError: Effect.die, VaultError: Effect.die })
  )

  /** The verifier of a webhook, from its sealed secrets; of the platform's own, from the settings. */
  const verifier = Effect.fnUntraced(
    function* ({ id, provider, scheme, secrets: sealed, tenantId }: StoredInboundWebhook) {
      if (tenantId === undefined) {
        if (provider === undefined) return yield* Effect.die(new Error("A webhook of nobody's"))
        return yield* verifierOf(scheme, webhookSecrets[provider])
      }
      const list = yield* vault.open(address(tenantId, id), sealed)
      return yield* verifierOf(scheme, yield* decode(Redacted.value(list)))
    },
    Effect.provideContext(crypto),
    Effect.orDie
  )

  return { seal, verifier }
})
