import { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as OwnedWork from "../OwnedWork.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { makeRun } from "./Run.ts"
import { HandlingWakeups } from "./Wakeups.ts"

const ids = rowsOf(Schema.Struct({ webhookId: InboundWebhookId }))

/** Everything that handles messages: one owner for each inbound webhook, the only one in the cluster that does. */
export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const run = yield* makeRun
    const wakeups = yield* HandlingWakeups
    return OwnedWork.layer<InboundWebhookId, "work">({
      entity: "InboundWebhook",
      id: InboundWebhookId,
      hint: Schema.Literal("work"),
      due: "work",
      make: run,
      wakeups,
      dueAfter: (after, now, limit) =>
        sql`
          WITH RECURSIVE ${OwnedWork.firstDue(sql, "unhandled", after)}
          SELECT first.webhook_id FROM first LEFT JOIN inbound_webhooks AS webhook ON webhook.id = first.webhook_id
          WHERE first.due_at <= ${now} OR webhook.id IS NULL LIMIT ${limit}`.pipe(
          Effect.flatMap(ids),
          Effect.map((rows) => rows.map((row) => row.webhookId))
        )
    })
  })
)
