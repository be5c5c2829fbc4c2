import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as Column from "../Sql/Column.ts"
import type { ReplayTask } from "./ReplayTask.ts"

/** The messages that a job goes over, by their ids. What has ended unhandled stands in a small table of its own. */
export const makeReplayRange = Effect.map(SqlClient.SqlClient, (sql) => {
  const messages = (id: InboundWebhookId, { from, to }: ReplayTask) => sql`
    SELECT id FROM messages WHERE webhook_id = ${id} AND id >= ${from} AND id < ${to}`

  const ended = (id: InboundWebhookId, { from, states, to }: ReplayTask) => sql`
    SELECT DISTINCT message_id AS id FROM unhandled
    WHERE webhook_id = ${id} AND completed_at IS NOT NULL AND state = ANY(${Column.text(states)})
      AND message_id >= ${from} AND message_id < ${to}`

  return (id: InboundWebhookId, task: ReplayTask) =>
    task.states.every((state) => state === "dead" || state === "cancelled")
      ? ended(id, task)
      : messages(id, task)
})
