import type { Identity } from "@do-integrations/domain/ApiKey"
import {
  type OutboundWebhookId,
  type Rotation,
  SigningSecrets
} from "@do-integrations/domain/Webhook/Outbound"
import { publicKeyOf } from "@do-integrations/domain/Webhook/Signature"
import { Clock, DateTime, Effect } from "effect"
import { Signature } from "effect/crypto"
import { AuditLog } from "../AuditLog.ts"
import { UnitOfWork } from "../UnitOfWork.ts"
import { Vault } from "../Vault.ts"
import { makeChanges } from "./Changes.ts"
import { makeMinting } from "./Minting.ts"
import { makeSecrets, type SecretPair } from "../DeliveryEngine/Secrets.ts"
import { makeStore, type StoredWebhook } from "./Store.ts"
import { defaultOverlapSeconds, type Previous, stillSigning, succeed } from "./Succession.ts"

/** What endpoints sign with: shown to those who may see it, and replaced in two steps. */
export const makeRotation = Effect.gen(function* () {
  const audit = yield* AuditLog
  const change = yield* makeChanges
  const minting = yield* makeMinting
  const secrets = makeSecrets(yield* Vault)
  const signature = yield* Signature.Signature
  const store = yield* makeStore
  const unit = yield* UnitOfWork

  const shown = Effect.fnUntraced(
    function* ({ secret, signingKey }: SecretPair) {
      return signingKey === undefined ? { secret } : { secret, publicKey: yield* publicKeyOf(signingKey) }
    },
    Effect.provideService(Signature.Signature, signature),
    Effect.orDie
  )

  const shownPrevious = (pairs: ReadonlyArray<Previous>) =>
    Effect.forEach(pairs, (pair) =>
      Effect.map(shown(pair), (texts) => ({ ...texts, until: DateTime.makeUnsafe(pair.until) }))
    )

  /** The audit log tells who looked. */
  const disclose = Effect.fn("OutboundWebhooks.secrets")(function* (caller: Identity, id: OutboundWebhookId) {
    const [present, ...earlier] = yield* secrets.openPairs(yield* store.stored(caller, id))
    const previous = yield* shownPrevious(stillSigning(earlier, yield* Clock.currentTimeMillis))
    const entry = { actor: caller.keyId, action: "outbound_webhook.secret_disclosed", target: id }
    yield* unit.commit(audit.record({ tenantId: caller.tenantId, ...entry }))
    return new SigningSecrets({ ...(yield* shown(present)), previous })
  })

  const plan = Effect.fnUntraced(function* (before: StoredWebhook, overlapSeconds: number) {
    const { id, tenantId } = before
    const now = yield* Clock.currentTimeMillis
    const pairs = yield* secrets.openPairs(before)
    const previous = yield* succeed(pairs, overlapSeconds, now)
    const secret = yield* minting.secret(tenantId, id)
    const key = pairs[0].signingKey === undefined ? undefined : yield* minting.signingKey(tenantId, id)
    return {
      columns: {
        ...secret.columns,
        ...key,
        previous_secrets: previous.length === 0 ? null : yield* secrets.sealPrevious(tenantId, id, previous)
      },
      action: "outbound_webhook.secret_rotated",
      details: { overlapSeconds },
      answer: new SigningSecrets({
        secret: secret.text,
        ...(key === undefined ? {} : { publicKey: key.public_key }),
        previous: yield* shownPrevious(previous)
      })
    }
  })

  const rotate = Effect.fn("OutboundWebhooks.rotateSecret")(function* (
    caller: Identity,
    id: OutboundWebhookId,
    { overlapSeconds = defaultOverlapSeconds }: typeof Rotation.Type
  ) {
    const { made } = yield* change(caller, id, (before) => plan(before, overlapSeconds))
    return made.answer
  })

  return { disclose, rotate }
})
