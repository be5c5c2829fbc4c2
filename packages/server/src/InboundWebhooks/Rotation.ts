import type { Identity } from "@do-integrations/domain/ApiKey"
import { Conflict } from "@do-integrations/domain/Problem"
import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { type Rotation, SigningSecrets } from "@do-integrations/domain/Webhook/Outbound"
import { Clock, DateTime, Effect } from "effect"
import { AuditLog } from "../AuditLog.ts"
import {
  defaultOverlapSeconds,
  type Previous,
  stillSigning,
  succeed
} from "../OutboundWebhooks/Succession.ts"
import { UnitOfWork } from "../UnitOfWork.ts"
import { makeChanges } from "./Changes.ts"
import { makeForwardKeys } from "./Forwarding.ts"
import { makeStore, type StoredWebhook } from "./Store.ts"
import { forwards } from "./Targets.ts"

const shown = (pairs: ReadonlyArray<Previous>) =>
  pairs.map(({ secret, until }) => ({ secret, until: DateTime.makeUnsafe(until) }))

/** What inbound webhooks sign with where they forward to a URL: shown, and replaced in two steps. */
export const makeRotation = Effect.gen(function* () {
  const audit = yield* AuditLog
  const change = yield* makeChanges
  const keys = yield* makeForwardKeys
  const store = yield* makeStore
  const unit = yield* UnitOfWork

  const pairsOf = ({ forwardSecrets, id, routes, tenantId }: StoredWebhook) =>
    forwardSecrets === undefined || !forwards(routes)
      ? Effect.fail(new Conflict({ detail: "The webhook forwards to no URL, so it signs nothing" }))
      : keys.pairs({ id, tenantId, forwardSecrets })

  /** The audit log tells who looked. */
  const disclose = Effect.fn("InboundWebhooks.secrets")(function* (caller: Identity, id: InboundWebhookId) {
    const [{ secret }, ...earlier] = yield* pairsOf(yield* store.stored(caller, id))
    const previous = shown(stillSigning(earlier, yield* Clock.currentTimeMillis))
    const entry = { actor: caller.keyId, action: "inbound_webhook.secret_disclosed", target: id }
    yield* unit.commit(audit.record({ tenantId: caller.tenantId, ...entry }))
    return new SigningSecrets({ secret, previous })
  })

  const plan = Effect.fnUntraced(function* (before: StoredWebhook, overlapSeconds: number) {
    const { id, tenantId } = before
    const pairs = yield* pairsOf(before)
    const previous = yield* succeed(pairs, overlapSeconds, yield* Clock.currentTimeMillis)
    const secret = yield* keys.text
    return {
      columns: { forward_secrets: yield* keys.seal(tenantId, id, secret, previous) },
      action: "inbound_webhook.secret_rotated",
      details: { overlapSeconds },
      answer: new SigningSecrets({ secret, previous: shown(previous) })
    }
  })

  const rotate = Effect.fn("InboundWebhooks.rotateSecret")(function* (
    caller: Identity,
    id: InboundWebhookId,
    { overlapSeconds = defaultOverlapSeconds }: typeof Rotation.Type
  ) {
    const { made } = yield* change(caller, id, (before) => plan(before, overlapSeconds))
    return made.answer
  })

  return { disclose, rotate }
})
