import { type NewOrdering, orderingOf, type OutboundWebhook } from "@do-integrations/domain/Webhook/Outbound"
import { DateTime, Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Puts what waits for an endpoint in order, or out of it, in the transaction that changes its ordering. */
export const makeReordering = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  /** `after` is what the ordering becomes: `null` is none, `undefined` no change. */
  return Effect.fnUntraced(function* (
    { id, ordering }: Pick<OutboundWebhook, "id" | "ordering">,
    after: NewOrdering | null | undefined
  ) {
    if (after === undefined) return
    // What waited without an order has one place in it, whatever its key would be.
    if (after !== null && ordering === undefined) {
      yield* sql`
        UPDATE undelivered SET ordering_key = ''
        WHERE webhook_id = ${id} AND due_at IS NOT NULL AND ordering_key IS NULL`
    }
    // What has held up its order holds up nothing any more.
    const blocks = after !== null && orderingOf(after).whenExhausted === "block"
    if (!blocks && ordering?.whenExhausted === "block") {
      yield* sql`
        UPDATE undelivered SET due_at = NULL, completed_at = coalesce(completed_at, ${yield* DateTime.nowAsDate})
        WHERE webhook_id = ${id} AND due_at = 'infinity'`
    }
  }, Effect.orDie)
})
