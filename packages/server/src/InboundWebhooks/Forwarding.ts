import type { TenantId } from "@do-integrations/domain/Tenant"
import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { Effect, Redacted, Schema } from "effect"
import { Signature } from "effect/crypto"
import { keysOf, type SecretPair } from "../DeliveryEngine/Secrets.ts"
import { makeMinting } from "../OutboundWebhooks/Minting.ts"
import type { Previous } from "../OutboundWebhooks/Succession.ts"
import { Vault } from "../Vault.ts"

/** The sealed column: what messages that are forwarded to a URL are signed with, now and until a rotation ends. */
const ForwardSecrets = Schema.fromJsonString(
  Schema.Struct({
    current: Schema.String,
    /** Newest first; `until` is in milliseconds. */
    previous: Schema.optionalKey(Schema.Array(Schema.Struct({ secret: Schema.String, until: Schema.Int })))
  })
)
const encode = Schema.encodeEffect(ForwardSecrets)
const decode = Schema.decodeEffect(ForwardSecrets)

const address = (tenantId: TenantId, id: InboundWebhookId) =>
  ({ tenantId, table: "inbound_webhooks", row: id, field: "forward_secrets" }) as const

/** A webhook with the column, which is there from its first route to a URL on. */
interface Sealed {
  readonly id: InboundWebhookId
  readonly tenantId: TenantId
  readonly forwardSecrets: Uint8Array
}

/** What inbound webhooks sign with where they forward to a URL. What does not open is a defect. */
export const makeForwardKeys = Effect.gen(function* () {
  const minting = yield* makeMinting
  const signature = yield* Signature.Signature
  const vault = yield* Vault

  const seal = Effect.fnUntraced(function* (
    tenantId: TenantId,
    id: InboundWebhookId,
    secret: Redacted.Redacted,
    previous: ReadonlyArray<Previous> = []
  ) {
    const earlier = previous.map((pair) => ({ secret: Redacted.value(pair.secret), until: pair.until }))
    const text = yield* encode({
      current: Redacted.value(secret),
      ...(earlier.length === 0 ? {} : { previous: earlier })
    })
    return yield* vault.seal(address(tenantId, id), Redacted.make(text))
  }, Effect.orDie)

  /** A new secret, `whsec_` and base64, alone in the column. */
  const mint = Effect.fnUntraced(function* (tenantId: TenantId, id: InboundWebhookId) {
    return yield* seal(tenantId, id, yield* minting.text)
  })

  /** The present secret first, then earlier ones, newest first, whether they still sign or not. */
  const pairs = Effect.fnUntraced(function* ({ forwardSecrets, id, tenantId }: Sealed) {
    const text = yield* vault.open(address(tenantId, id), forwardSecrets)
    const { current, previous = [] } = yield* decode(Redacted.value(text))
    const present: SecretPair = { secret: Redacted.make(current) }
    const all: [SecretPair, ...Array<SecretPair>] = [present]
    for (const { secret, until } of previous) all.push({ secret: Redacted.make(secret), until })
    return all
  }, Effect.orDie)

  /** The keys to sign with, each with the time until which it does. */
  const open = Effect.fnUntraced(
    function* (sealed: Sealed) {
      return yield* keysOf(yield* pairs(sealed), ["v1"])
    },
    Effect.provideService(Signature.Signature, signature)
  )

  return { mint, seal, pairs, open, text: minting.text }
})
