import { Unprocessable } from "@do-integrations/domain/Problem"
import type { TenantId } from "@do-integrations/domain/Tenant"
import type { InboundScheme, InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound"
import { Effect, Redacted, Schema } from "effect"
import { Mac } from "effect/crypto"
import { Vault } from "../Vault.ts"
import { verifierOf } from "./Schemes.ts"

const SecretList = Schema.fromJsonString(Schema.Array(Schema.RedactedFromValue(Schema.String)))
const encode = Schema.encodeEffect(SecretList)
const decode = Schema.decodeEffect(SecretList)

const address = (tenantId: TenantId, id: InboundWebhookId) =>
  ({ tenantId, table: "inbound_webhooks", row: id, field: "secrets" }) as const

/** The signing secrets of inbound webhooks: all of one webhook's are sealed together. */
export const makeSecrets = Effect.gen(function* () {
  const mac = yield* Mac.Mac
  const vault = yield* Vault

  /** Refuses secrets that the scheme cannot have, so that a slip shows when it is made. */
  const seal = Effect.fnUntraced(
    function* (
      tenantId: TenantId,
      id: InboundWebhookId,
      scheme: InboundScheme,
      secrets: ReadonlyArray<Redacted.Redacted>
    ) {
      yield* Effect.mapError(
        verifierOf(scheme, secrets),
        (error) => new Unprocessable({ errors: [{ path: ["payload", "secrets"], message: error.message }] })
      )
      return yield* vault.seal(address(tenantId, id), Redacted.make(yield* encode(secrets)))
    },
    Effect.provideService(Mac.Mac, mac),
    Effect.catchTags({ SchemaError: Effect.die, VaultError: Effect.die })
  )

  /** The verifier of a webhook, from its sealed secrets. */
  const verifier = Effect.fnUntraced(
    function* (tenantId: TenantId, id: InboundWebhookId, scheme: InboundScheme, sealed: Uint8Array) {
      const list = yield* vault.open(address(tenantId, id), sealed)
      return yield* verifierOf(scheme, yield* decode(Redacted.value(list)))
    },
    Effect.provideService(Mac.Mac, mac),
    Effect.orDie
  )

  return { seal, verifier }
})
