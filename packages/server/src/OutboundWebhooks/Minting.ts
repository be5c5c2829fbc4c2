import type { TenantId } from "@do-integrations/domain/Tenant"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { formatPrivateKey, formatSecret, publicKeyOf } from "@do-integrations/domain/Webhook/Signature"
import { Effect } from "effect"
import { SecureRandom, Signature } from "effect/crypto"
import { Vault } from "../Vault.ts"
import { secretAddress } from "../DeliveryEngine/Secrets.ts"

/** Bytes of an HMAC secret; Standard Webhooks 1.0 asks for 24 to 64. */
const secretBytes = 32

/** Makes what endpoints sign with, sealed for the columns where it is stored. */
export const makeMinting = Effect.gen(function* () {
  const random = yield* SecureRandom.SecureRandom
  const signature = yield* Signature.Signature
  const vault = yield* Vault

  /** The text of a secret for `v1`: `whsec_` and base64. */
  const text = Effect.orDie(Effect.map(random.randomBytes(secretBytes), formatSecret))

  /** A secret for `v1`. */
  const secret = Effect.fnUntraced(function* (tenantId: TenantId, id: OutboundWebhookId) {
    const minted = yield* text
    return {
      text: minted,
      columns: { secret: yield* vault.seal(secretAddress(tenantId, id, "secret"), minted) }
    }
  }, Effect.orDie)

  /** A key for `v1a`. */
  const signingKey = Effect.fnUntraced(
    function* (tenantId: TenantId, id: OutboundWebhookId) {
      const text = yield* formatPrivateKey(yield* random.randomBytes(32))
      return {
        signing_key: yield* vault.seal(secretAddress(tenantId, id, "signing_key"), text),
        public_key: yield* publicKeyOf(text)
      }
    },
    Effect.provideService(Signature.Signature, signature),
    Effect.orDie
  )

  return { text, secret, signingKey }
})
