import { Unprocessable } from "@do-integrations/domain/Problem"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { rowsOf } from "../Sql/Rows.ts"

const Receiving = Schema.Struct({ active: Schema.Boolean, ordered: Schema.Boolean })

/** Nothing is sent again to a webhook that is paused or disabled. */
export const notActive = () => new Unprocessable({ detail: "The webhook is not active; resume it first" })

/** How an endpoint takes deliveries; it is not removed before the caller's transaction ends. Undefined: it was. */
export const makeReceiving = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = rowsOf(Receiving)
  return (id: OutboundWebhookId) =>
    sql`
      SELECT status = 'active' AS active, ordering IS NOT NULL AS ordered FROM outbound_webhooks
      WHERE id = ${id} FOR KEY SHARE`.pipe(
      Effect.flatMap(rows),
      Effect.map(([receiving]) => receiving)
    )
})
