import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import type { MessageId } from "@do-integrations/domain/Webhook/Inbound/Message"
import type { TenantId } from "@do-integrations/domain/Tenant"
import { DateTime, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { HandlingWakeups } from "../HandlingEngine/Wakeups.ts"
import * as Column from "../Sql/Column.ts"
import type { Taken } from "./Router.ts"

/** A message on a route that is to handle it once more. */
export interface Again extends Taken {
  readonly messageId: MessageId
}

/** What is not handled, moved by people: to the beginning or to the end. */
export const makeUnhandled = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const wakeups = yield* HandlingWakeups

  /**
   * Until the caller's transaction ends, no other replay of the webhook is under way, its order does not change, and
   * nothing that comes in is numbered before what commits earlier.
   */
  const lock = (webhookId: InboundWebhookId) =>
    Effect.asVoid(Effect.orDie(sql`SELECT pg_advisory_xact_lock(hashtextextended(${webhookId}, 0))`))

  /** An attempt at one of these that is being settled just now ends first, and so does what cancels one. */
  const hold = (webhookId: InboundWebhookId, messages: ReadonlyArray<MessageId>) =>
    Effect.asVoid(
      Effect.orDie(sql`
        SELECT FROM unhandled WHERE webhook_id = ${webhookId} AND message_id = ANY(${Column.text(messages)})
        ORDER BY message_id, route FOR UPDATE`)
    )

  /**
   * Has these handled once more, in the caller's transaction, which has locked the webhook and held the messages before
   * it read where they stand. What still waits to be handled is left as it is.
   */
  const restart = Effect.fnUntraced(function* (
    tenantId: TenantId,
    webhookId: InboundWebhookId,
    handlings: ReadonlyArray<Again>
  ) {
    if (handlings.length === 0) return
    const now = yield* DateTime.nowAsDate
    const given = sql`unnest(
      ${Column.text(handlings.map(({ messageId }) => messageId))}, ${Column.text(handlings.map(({ route }) => route))},
      ${Column.text(handlings.map(({ orderingKey }) => orderingKey))}
    ) WITH ORDINALITY AS given(message_id, route, ordering_key, place)`
    yield* sql`
      UPDATE unhandled SET state = 'pending', earlier_attempts = attempts, round_at = ${now}, due_at = ${now},
        completed_at = NULL, error = NULL, ordering_key = given.ordering_key
      FROM ${given}
      WHERE unhandled.webhook_id = ${webhookId} AND unhandled.message_id = given.message_id
        AND unhandled.route = given.route AND completed_at IS NOT NULL`
    yield* sql`
      INSERT INTO unhandled (webhook_id, message_id, route, tenant_id, ordering_key, state, attempts, earlier_attempts,
        round_at, due_at)
      SELECT ${webhookId}, message_id, route, ${tenantId}, ordering_key, 'pending', made, made, ${now}, ${now}
      FROM ${given} CROSS JOIN LATERAL (
        SELECT coalesce(max(number), 0) AS made FROM handling_attempts
        WHERE message_id = given.message_id AND route = given.route) AS log
      ORDER BY place
      ON CONFLICT DO NOTHING`
    yield* sql`
      UPDATE messages SET routes = messages.routes || added.routes
      FROM (
        SELECT given.message_id AS id, array_agg(given.route ORDER BY place) AS routes FROM ${given}
        JOIN messages ON messages.id = given.message_id
        WHERE given.route <> ALL(messages.routes) GROUP BY given.message_id) AS added
      WHERE messages.id = added.id`
    yield* sql.afterCommit(wakeups.offer([webhookId]))
  }, Effect.orDie)

  /** Ends a message where it waits, or holds up an order. Answers with how many routes it was. */
  const cancel = Effect.fnUntraced(function* (webhookId: InboundWebhookId, messageId: MessageId) {
    const cancelled = yield* sql`
      UPDATE unhandled SET state = 'cancelled', due_at = NULL, completed_at = ${yield* DateTime.nowAsDate}
      WHERE webhook_id = ${webhookId} AND message_id = ${messageId} AND due_at IS NOT NULL
      RETURNING 1 AS one`
    yield* sql.afterCommit(wakeups.offer([webhookId]))
    return cancelled.length
  }, Effect.orDie)

  return { lock, hold, restart, cancel }
})
