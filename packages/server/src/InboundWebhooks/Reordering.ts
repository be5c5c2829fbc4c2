import type { InboundWebhook } from "@do-integrations/domain/Webhook/Inbound"
import { type NewOrdering, orderingOf } from "@do-integrations/domain/Webhook/Outbound"
import { DateTime, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { makeUnhandled } from "./Unhandled.ts"

/** Puts what waits to be handled in order, or out of it, in the transaction that changes a webhook's ordering. */
export const makeReordering = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { lock } = yield* makeUnhandled

  /** `after` is what the ordering becomes: `null` is none, `undefined` no change. */
  return Effect.fnUntraced(function* (
    { id, ordering }: Pick<InboundWebhook, "id" | "ordering">,
    after: NewOrdering | null | undefined
  ) {
    if (after === undefined) return
    yield* lock(id)
    // What waited without an order has one place in it on its route, that of what has no key.
    if (after !== null && ordering === undefined) {
      yield* sql`
        UPDATE unhandled SET ordering_key = route || ' '
        WHERE webhook_id = ${id} AND due_at IS NOT NULL AND ordering_key IS NULL`
    }
    // What has held up its order holds up nothing any more.
    const blocks = after !== null && orderingOf(after).whenExhausted === "block"
    if (!blocks && ordering?.whenExhausted === "block") {
      yield* sql`
        UPDATE unhandled SET due_at = NULL, completed_at = coalesce(completed_at, ${yield* DateTime.nowAsDate})
        WHERE webhook_id = ${id} AND due_at = 'infinity'`
    }
  }, Effect.orDie)
})
