import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { DateTime, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Received } from "../InboundWebhooks/Received.ts"
import type { Handling, HandlingKey } from "./Handling.ts"

/** What is due to a webhook's routes; no revision: it was removed. */
export interface Claimed {
  readonly revision: string | undefined
  readonly handlings: ReadonlyArray<HandlingKey>
}

// Rows of the hot path are read as they are: decoding them by schema costs more than what is done with them.
interface KeyRow {
  readonly revision: string
  readonly messageId: HandlingKey["messageId"] | null
  readonly route: string | null
}

type LoadedRow = Omit<Handling, "headers" | "payload" | keyof HandlingKey> & {
  readonly headers: Handling["headers"] | null
}

/**
 * Reads what is due. Nothing is marked in the table: a webhook has one owner, who remembers what it has under way.
 */
export const makeClaims = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  const due = (id: InboundWebhookId, now: Date, limit: number) => sql`
    SELECT message_id, route FROM unhandled
    WHERE webhook_id = ${id} AND due_at <= ${now} ORDER BY due_at, sequence LIMIT ${limit}`

  // From key to key along the index. The head of each is what it has waited for longest; where that is not due,
  // because it failed or holds up its order, nothing of the key is. What came before the order has no place in it.
  const heads = (id: InboundWebhookId, now: Date, limit: number) => sql`
    WITH RECURSIVE head AS (
      (SELECT ordering_key, message_id, route, due_at FROM unhandled
        WHERE webhook_id = ${id} AND due_at IS NOT NULL AND ordering_key IS NOT NULL
        ORDER BY ordering_key, sequence LIMIT 1)
      UNION ALL
      SELECT next.* FROM head CROSS JOIN LATERAL (
        SELECT ordering_key, message_id, route, due_at FROM unhandled
        WHERE webhook_id = ${id} AND due_at IS NOT NULL AND ordering_key > head.ordering_key
        ORDER BY ordering_key, sequence LIMIT 1) AS next)
    (SELECT message_id, route FROM head WHERE due_at <= ${now} LIMIT ${limit})
    UNION ALL
    (SELECT message_id, route FROM unhandled
      WHERE webhook_id = ${id} AND due_at <= ${now} AND ordering_key IS NULL ORDER BY due_at, sequence LIMIT ${limit})`

  const claim = Effect.fn("HandlingEngine.claim")(function* (
    id: InboundWebhookId,
    ordered: boolean,
    limit: number
  ) {
    const now = yield* DateTime.nowAsDate
    const rows = yield* sql<KeyRow>`
      SELECT webhook.revision::text AS revision, ready.message_id AS "messageId", ready.route
      FROM inbound_webhooks AS webhook
      LEFT JOIN LATERAL (${ordered ? heads(id, now, limit) : due(id, now, limit)}) AS ready ON true
      WHERE webhook.id = ${id}`
    return {
      revision: rows[0]?.revision,
      handlings: rows.flatMap(({ messageId, route }) =>
        messageId === null || route === null ? [] : [{ messageId, route }]
      )
    } satisfies Claimed
  }, Effect.orDie)

  /** The message of a claim; undefined where it is no longer due: it was settled since, or its message is gone. */
  const load = Effect.fnUntraced(function* ({ messageId, route }: HandlingKey) {
    const now = yield* DateTime.nowAsDate
    const [row] = yield* sql<LoadedRow>`
      SELECT due.attempts, due.earlier_attempts AS "earlierAttempts", due.round_at AS "roundAt",
        message.tenant_id AS "tenantId", message.customer_id AS "customerId", message.external_id AS "externalId",
        message.event_type AS "eventType", message.verified, message.headers::json AS headers, message.body,
        message.received_at AS "receivedAt"
      FROM unhandled AS due LEFT JOIN messages AS message ON message.id = due.message_id
      WHERE due.message_id = ${messageId} AND due.route = ${route} AND due.due_at <= ${now}`
    if (row === undefined) return undefined
    const { headers, ...rest } = row
    if (headers === null) {
      yield* sql`DELETE FROM unhandled WHERE message_id = ${messageId} AND route = ${route}`
      return undefined
    }
    const received = new Received({ method: "POST", url: "", headers, body: row.body })
    return {
      ...rest,
      messageId,
      route,
      headers,
      payload: received.payload
    }
  }, Effect.orDie)

  return { claim, load }
})
