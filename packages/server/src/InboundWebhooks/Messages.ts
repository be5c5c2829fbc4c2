import type { Identity } from "@do-integrations/domain/ApiKey"
import type { PageQuery } from "@do-integrations/domain/Page"
import { NotFound } from "@do-integrations/domain/Problem"
import { type InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { Message, MessageDetail, type MessageId } from "@do-integrations/domain/Webhook/Inbound/Message"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { afterCursor, fetchLimit, toPage } from "../Sql/Paging.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { visibleTo } from "../Sql/Visible.ts"

/** Which messages are asked for. */
export interface MessageFilter {
  readonly webhookId?: InboundWebhookId
}

/** What came in, as it came in. */
export const makeMessages = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = rowsOf(Message)
  const detailed = rowsOf(MessageDetail)
  const columns = sql.literal(
    `id, webhook_id, external_id, event_type, verified, 'unrouted' AS state, headers::json AS headers, received_at`
  )

  const list = Effect.fn("InboundWebhooks.messages")(function* (
    caller: Identity,
    query: PageQuery & MessageFilter
  ) {
    const { webhookId } = query
    const found = yield* sql`
      SELECT ${columns} FROM messages WHERE ${visibleTo(sql, caller)}
        ${webhookId === undefined ? sql`` : sql`AND webhook_id = ${webhookId}`}
        ${afterCursor(sql, query)}
      ORDER BY id DESC LIMIT ${fetchLimit(query)}`
    return toPage(query, yield* rows(found), (message) => message.id)
  }, Effect.orDie)

  const get = Effect.fn("InboundWebhooks.message")(function* (caller: Identity, id: MessageId) {
    const [message] = yield* sql`
      SELECT ${columns}, '[]'::json AS handlings, encode(body, 'base64') AS body FROM messages WHERE id = ${id} AND ${visibleTo(sql, caller)}`.pipe(
      Effect.flatMap(detailed),
      Effect.orDie
    )
    return message ?? (yield* new NotFound())
  })

  return { list, get }
})
