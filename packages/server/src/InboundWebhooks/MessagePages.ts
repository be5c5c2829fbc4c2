import type { Identity } from "@do-integrations/domain/ApiKey"
import type { PageQuery } from "@do-integrations/domain/Page"
import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import type { MessageId, MessageState } from "@do-integrations/domain/Webhook/Inbound/Message"
import { type DateTime, Effect } from "effect"
import { SqlClient, type Statement } from "effect/sql"
import * as Column from "../Sql/Column.ts"
import { afterCursor } from "../Sql/Paging.ts"
import { idAt } from "../Sql/Partitions.ts"
import { visibleTo } from "../Sql/Visible.ts"

/** Which messages are asked for. */
export interface MessageFilter {
  readonly webhookId?: InboundWebhookId
  readonly state?: MessageState
  readonly eventType?: string
  readonly since?: DateTime.Utc
  readonly until?: DateTime.Utc
}

/** What a message stands at that is not handled on all its routes, the worst first: that is what counts. */
const unhandledStates = ["dead", "failed", "pending", "cancelled"] as const
type UnhandledState = (typeof unhandledStates)[number]

const isUnhandled = (state: MessageState | undefined): state is UnhandledState =>
  unhandledStates.some((one) => one === state)

/** Where in the order of the ids, which is that of time, a page lies. */
const within = (sql: SqlClient.SqlClient, query: PageQuery & MessageFilter, column: string) => sql`
  ${query.since === undefined ? sql`` : sql`AND ${sql(column)} >= ${idAt("msg", query.since.epochMilliseconds)}`}
  ${query.until === undefined ? sql`` : sql`AND ${sql(column)} < ${idAt("msg", query.until.epochMilliseconds)}`}
  ${afterCursor(sql, query, column)}`

/**
 * Finds pages of messages. What is not handled is found from its own small table, so that asking for it takes no
 * longer where millions were handled; LATERAL and LIMIT keep the planner from reading the large one whole.
 */
export const makeMessagePages = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const columns = sql.literal(
    "id, webhook_id, external_id, event_type, verified, headers::json AS headers, received_at, routes"
  )

  const when = (column: string, value: string | undefined) =>
    value === undefined ? sql`` : sql`AND ${sql(column)} = ${value}`

  const worst = sql`
    SELECT state FROM unhandled WHERE webhook_id = message.webhook_id AND message_id = message.id
    ORDER BY array_position(${Column.text(unhandledStates)}, state) LIMIT 1`

  // OFFSET keeps it from becoming a join, of which the planner expects next to nothing to be left.
  const isWorst = (state: UnhandledState) => sql`
    NOT EXISTS (
      SELECT FROM unhandled AS other
      WHERE other.webhook_id = one.webhook_id AND other.message_id = one.message_id
        AND (other.state = ANY(${Column.text(unhandledStates.slice(0, unhandledStates.indexOf(state)))})
          OR other.state = ${state} AND other.route > one.route) OFFSET 0)`

  /** The messages of these handlings, each once. */
  const messagesOf = (
    handlings: Statement.Fragment,
    caller: Identity,
    { eventType }: MessageFilter,
    state: UnhandledState,
    limit: number
  ) => sql`
    SELECT message.*, one.state FROM (${handlings}) AS one
    CROSS JOIN LATERAL (
      SELECT ${columns} FROM messages
      WHERE id = one.message_id AND ${visibleTo(sql, caller)} ${when("event_type", eventType)} LIMIT 1
    ) AS message
    WHERE ${isWorst(state)}
    ORDER BY one.message_id DESC LIMIT ${limit}`

  // What waits has an index by webhook, and a removed one has none. It is sorted first: OFFSET has it read along that
  // index, and not along the key, where the backlogs of others stand too.
  const waiting = (caller: Identity, query: PageQuery & MessageFilter, state: UnhandledState) => sql`
    SELECT found.* FROM (
      SELECT webhook_id, message_id, route, state FROM unhandled
      WHERE webhook_id = ANY(ARRAY(
          SELECT id FROM inbound_webhooks WHERE ${visibleTo(sql, caller)} ${when("id", query.webhookId)}))
        AND due_at IS NOT NULL AND state = ${state} ${within(sql, query, "message_id")} OFFSET 0) AS found
    ORDER BY message_id DESC OFFSET 0`

  const ended = ({ tenantId }: Identity, query: PageQuery & MessageFilter, state: UnhandledState) => sql`
    SELECT webhook_id, message_id, route, state FROM unhandled
    WHERE tenant_id = ${tenantId} ${when("webhook_id", query.webhookId)} AND completed_at IS NOT NULL
      AND state = ${state} ${within(sql, query, "message_id")}`

  const fromAll = (caller: Identity, which: Statement.Fragment, limit: number) => sql`
    SELECT message.*,
      CASE WHEN message.routes = '{}' THEN 'unrouted' ELSE coalesce(worst.state, 'handled') END AS state
    FROM (
      SELECT ${columns} FROM messages WHERE ${visibleTo(sql, caller)} ${which} ORDER BY id DESC LIMIT ${limit}
    ) AS message
    LEFT JOIN LATERAL (${worst}) AS worst ON message.routes <> '{}'
    ORDER BY message.id DESC`

  const standing = (state: MessageState | undefined) => {
    switch (state) {
      case "unrouted":
        return sql`AND routes = '{}'`
      case "handled":
        return sql`AND routes <> '{}' AND NOT EXISTS (
          SELECT FROM unhandled WHERE webhook_id = messages.webhook_id AND message_id = messages.id OFFSET 0)`
      default:
        return sql``
    }
  }

  /** Newest first. */
  const select = (caller: Identity, query: PageQuery & MessageFilter, limit: number) => {
    const { eventType, state, webhookId } = query
    if (isUnhandled(state)) {
      const handlings = state === "pending" || state === "failed" ? waiting : ended
      return messagesOf(handlings(caller, query, state), caller, query, state, limit)
    }
    const which = sql`
      ${when("webhook_id", webhookId)} ${when("event_type", eventType)} ${standing(state)}
      ${within(sql, query, "id")}`
    return fromAll(caller, which, limit)
  }

  const one = (caller: Identity, id: MessageId) => fromAll(caller, sql`AND id = ${id}`, 1)

  return { select, one }
})
