import type { Identity } from "@do-integrations/domain/ApiKey"
import { Unprocessable } from "@do-integrations/domain/Problem"
import type { OutboundWebhookId, OutboundWebhookPatch } from "@do-integrations/domain/Webhook/Outbound"
import { Effect } from "effect"
import { checkDestination } from "../Destinations.ts"
import { Egress } from "../Egress.ts"
import { makeChanges } from "./Changes.ts"
import { columnsOf, forgiven, makeHeaderColumns } from "./Columns.ts"
import { makeLimits } from "./Limits.ts"
import { makeMinting } from "./Minting.ts"
import { makeReordering } from "./Reordering.ts"
import { makeStore, type StoredWebhook } from "./Store.ts"

/** A stored secret goes nowhere that it was not given for: another origin needs the headers again. */
const checkHeaders = ({ headers, url }: OutboundWebhookPatch, before: StoredWebhook) => {
  const elsewhere = url !== undefined && new URL(url).origin !== new URL(before.url).origin
  if (!elsewhere || headers !== undefined || before.headerSecrets === undefined) return Effect.void
  const message = "Another origin needs the headers entered again: some of them are secret"
  return Effect.fail(new Unprocessable({ errors: [{ path: ["payload", "url"], message }] }))
}

/** Changes what is given of an endpoint. */
export const makeUpdate = Effect.gen(function* () {
  const change = yield* makeChanges
  const egress = yield* Egress
  const headerColumns = yield* makeHeaderColumns
  const limits = yield* makeLimits
  const minting = yield* makeMinting
  const reorder = yield* makeReordering
  const store = yield* makeStore

  return Effect.fn("OutboundWebhooks.update")(function* (
    caller: Identity,
    id: OutboundWebhookId,
    patch: OutboundWebhookPatch
  ) {
    const { eventTypes, headers, retry, signatures, url } = patch
    const { tenantId } = caller
    const changed = Object.keys(patch)
    if (changed.length === 0) return yield* store.get(caller, id)
    const guard = Effect.gen(function* () {
      if (eventTypes !== undefined) yield* limits.checkCounts(tenantId, { id, eventTypes })
      yield* limits.checkRetry(tenantId, retry)
    })
    const { webhook } = yield* change(
      caller,
      id,
      Effect.fnUntraced(function* (before) {
        yield* checkHeaders(patch, before)
        if (url !== undefined) yield* checkDestination(egress, "url", url)
        const needsKey = signatures?.includes("v1a") === true && before.signingKey === undefined
        return {
          columns: {
            ...columnsOf(patch),
            // Another address has not failed yet.
            ...(url === undefined ? {} : forgiven),
            ...(yield* headerColumns(tenantId, id, headers)),
            ...(needsKey ? yield* minting.signingKey(tenantId, id) : {})
          },
          quiet: changed.every((name) => name === "description"),
          action: "outbound_webhook.updated",
          details: { changed },
          also: reorder(before, patch.ordering)
        }
      }),
      guard
    )
    return webhook
  })
})
