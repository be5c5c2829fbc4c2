import type { Identity } from "@do-integrations/domain/ApiKey"
import type { InboundWebhookPatch } from "@do-integrations/domain/Webhook/Inbound"
import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { Effect } from "effect"
import { makeLimits } from "../OutboundWebhooks/Limits.ts"
import { makeChanges } from "./Changes.ts"
import { columnsOf } from "./Columns.ts"
import { makeForwardKeys } from "./Forwarding.ts"
import { checkPlaces } from "./Places.ts"
import { makeReordering } from "./Reordering.ts"
import { makeSecrets } from "./Secrets.ts"
import { makeStore, type StoredWebhook } from "./Store.ts"
import { forwards, makeTargets } from "./Targets.ts"

/** Changes what is given of an inbound webhook. */
export const makeUpdate = Effect.gen(function* () {
  const change = yield* makeChanges
  const forwardKeys = yield* makeForwardKeys
  const { checkRetry } = yield* makeLimits
  const reorder = yield* makeReordering
  const secrets = yield* makeSecrets
  const store = yield* makeStore
  const targets = yield* makeTargets

  const sealed = Effect.fnUntraced(function* (
    { forwardSecrets, id, scheme, tenantId }: StoredWebhook,
    { routes, secrets: signing }: InboundWebhookPatch
  ) {
    const mints = forwardSecrets === undefined && forwards(routes)
    return {
      ...(signing === undefined ? {} : { secrets: yield* secrets.seal(tenantId, id, scheme, signing) }),
      ...(mints ? { forward_secrets: yield* forwardKeys.mint(tenantId, id) } : {})
    }
  })

  return Effect.fn("InboundWebhooks.update")(function* (
    caller: Identity,
    id: InboundWebhookId,
    patch: InboundWebhookPatch
  ) {
    const changed = Object.keys(patch)
    if (changed.length === 0) return yield* store.get(caller, id)
    const { webhook } = yield* change(
      caller,
      id,
      Effect.fnUntraced(function* (before) {
        yield* checkPlaces(before.scheme, patch)
        yield* targets.check(caller, before, patch.routes)
        return {
          columns: { ...columnsOf(patch), ...(yield* sealed(before, patch)) },
          action: "inbound_webhook.updated",
          details: { changed },
          also: reorder(before, patch.ordering)
        }
      }),
      checkRetry(caller.tenantId, patch.retry)
    )
    return webhook
  })
})
