import type { Identity } from "@do-integrations/domain/ApiKey"
import { Unprocessable } from "@do-integrations/domain/Problem"
import {
  type OutboundWebhookId,
  type Rotation,
  SigningSecrets
} from "@do-integrations/domain/Webhook/Outbound"
import { publicKeyOf } from "@do-integrations/domain/Webhook/Signature"
import { Clock, DateTime, Duration, Effect } from "effect"
import { Signature } from "effect/crypto"
import { AuditLog } from "../AuditLog.ts"
import { UnitOfWork } from "../UnitOfWork.ts"
import { Vault } from "../Vault.ts"
import { makeChanges } from "./Changes.ts"
import { makeMinting } from "./Minting.ts"
import { makeSecrets, type SecretPair } from "../DeliveryEngine/Secrets.ts"
import { makeStore, type StoredWebhook } from "./Store.ts"

/** How long an old secret signs beside the new one, unless said otherwise. */
const defaultOverlap = Duration.hours(24)

/** Earlier secrets that may sign at a time: each makes the header of every delivery longer. */
const maxPrevious = 4

type Previous = SecretPair & { readonly until: number }

const stillSigning = (pairs: ReadonlyArray<SecretPair>, now: number): ReadonlyArray<Previous> =>
  pairs.flatMap((pair) =>
    pair.until !== undefined && pair.until > now ? [{ ...pair, until: pair.until }] : []
  )

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
    const [present, ...earlier] = yield* secrets.openPairs(before)
    const kept = stillSigning(earlier, now)
    const previous =
      overlapSeconds === 0 ? kept : [{ ...present, until: now + overlapSeconds * 1000 }, ...kept]
    if (previous.length > maxPrevious) {
      const detail = `${maxPrevious} earlier secrets still sign; the first of them has to end before`
      return yield* new Unprocessable({ detail })
    }
    const secret = yield* minting.secret(tenantId, id)
    const key = present.signingKey === undefined ? undefined : yield* minting.signingKey(tenantId, id)
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
    { overlapSeconds = Duration.toSeconds(defaultOverlap) }: typeof Rotation.Type
  ) {
    const { made } = yield* change(caller, id, (before) => plan(before, overlapSeconds))
    return made.answer
  })

  return { disclose, rotate }
})
