import { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as OwnedWork from "../OwnedWork.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { Drain } from "./Drain.ts"
import { type Hint, Wakeups } from "./Wakeups.ts"

const ids = rowsOf(Schema.Struct({ webhookId: OutboundWebhookId }))

/** Everything that delivers: one owner for each outbound endpoint, the only one in the cluster that delivers to it. */
export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const drain = yield* Drain
    const wakeups = yield* Wakeups
    return OwnedWork.layer<OutboundWebhookId, Hint>({
      entity: "OutboundWebhook",
      id: OutboundWebhookId,
      hint: Schema.Literals(["work", "change"]),
      due: "work",
      make: drain.make,
      wakeups,
      dueAfter: (after, now, limit) =>
        sql`
          WITH RECURSIVE ${OwnedWork.firstDue(sql, "undelivered", after)}
          SELECT first.webhook_id FROM first
          LEFT JOIN outbound_webhooks AS webhook ON webhook.id = first.webhook_id
          WHERE first.due_at <= ${now} AND (webhook.hold_until IS NULL OR webhook.hold_until <= ${now})
          LIMIT ${limit}`.pipe(
          Effect.flatMap(ids),
          Effect.map((rows) => rows.map((row) => row.webhookId))
        )
    })
  })
)
