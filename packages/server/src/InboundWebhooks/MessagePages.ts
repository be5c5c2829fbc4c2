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
  const standsAt = (state: UnhandledState) => sql`
    state = ${state} AND NOT EXISTS (
      SELECT FROM unhandled AS other
      WHERE other.webhook_id = one.webhook_id AND other.message_id = one.message_id
        AND (other.state = ANY(${Column.text(unhandledStates.slice(0, unhandledStates.indexOf(state)))})
          OR other.state = ${state} AND other.route > one.route) OFFSET 0)`

  /** Messages by their handlings that one index holds, whose condition is `held`. */
  const fromUnhandled = (
    caller: Identity,
    query: PageQuery & MessageFilter,
    state: UnhandledState,
    held: Statement.Fragment,
    limit: number
  ) => sql`
    SELECT message.*, one.state FROM unhandled AS one
    CROSS JOIN LATERAL (
      SELECT ${columns} FROM messages
      WHERE id = one.message_id AND ${visibleTo(sql, caller)} ${when("event_type", query.eventType)} LIMIT 1
    ) AS message
    WHERE ${held} AND ${standsAt(state)} ${within(sql, query, "message_id")}
    ORDER BY one.message_id DESC LIMIT ${limit}`

  /** What waits is found webhook by webhook: a removed one has none. */
  const waiting = (
    caller: Identity,
    query: PageQuery & MessageFilter,
    state: UnhandledState,
    limit: number
  ) => sql`
    SELECT found.* FROM (
      SELECT id FROM inbound_webhooks WHERE ${visibleTo(sql, caller)} ${when("id", query.webhookId)}) AS webhook
    CROSS JOIN LATERAL (
      ${fromUnhandled(caller, query, state, sql`one.webhook_id = webhook.id AND one.due_at IS NOT NULL`, limit)}
    ) AS found
    ORDER BY found.id DESC LIMIT ${limit}`

  const ended = (
    caller: Identity,
    query: PageQuery & MessageFilter,
    state: UnhandledState,
    limit: number
  ) => {
    const { tenantId } = caller
    const held = sql`one.tenant_id = ${tenantId} ${when("one.webhook_id", query.webhookId)} AND one.completed_at IS NOT NULL`
    return fromUnhandled(caller, query, state, held, limit)
  }

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
      const from = state === "pending" || state === "failed" ? waiting : ended
      return from(caller, query, state, limit)
    }
    const which = sql`
      ${when("webhook_id", webhookId)} ${when("event_type", eventType)} ${standing(state)}
      ${within(sql, query, "id")}`
    return fromAll(caller, which, limit)
  }

  const one = (caller: Identity, id: MessageId) => fromAll(caller, sql`AND id = ${id}`, 1)

  return { select, one }
})
