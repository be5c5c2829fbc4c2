import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { DateTime, Effect } from "effect"
import { SqlClient, type Statement } from "effect/sql"
import { Received } from "../InboundWebhooks/Received.ts"
import * as Column from "../Sql/Column.ts"
import type { Handling, HandlingKey } from "./Handling.ts"

/** What is asked for: what is due to a webhook's routes. */
export interface ClaimRequest {
  readonly id: InboundWebhookId
  /** As much as this, but for what order says. */
  readonly limit: number
  /** Set: the webhook has an order. The first one of each key is looked at. */
  readonly order: Order | undefined
}

/** Where in an order is looked. */
export interface Order {
  /** Where among the keys to go on; undefined: from the first one. */
  readonly after: string | undefined
  /** Keys that are looked at beside: what was first in them has just ended. */
  readonly ended: ReadonlyArray<string>
}

/** What is due. */
export interface Claimed {
  /** The webhook's present one; undefined: it was removed. */
  readonly revision: string | undefined
  readonly handlings: ReadonlyArray<ClaimedHandling>
  /** The last key that was looked at; undefined: all of them were, or there is no order. */
  readonly lastKey: string | undefined
}

/** What is due, with the key that it is ordered by; null: nothing has to wait for it. */
export interface ClaimedHandling extends HandlingKey {
  readonly orderingKey: string | null
}

/** Keys of an order that one query looks at, beside those that it is asked for. */
const maxKeys = 200

// Rows of the hot path are read as they are: decoding them by schema costs more than what is done with them.
interface KeyRow {
  readonly revision: string
  readonly messageId: HandlingKey["messageId"] | null
  readonly route: string | null
  readonly orderingKey: string | null
  readonly due: boolean | null
  /** Found on the way from key to key. */
  readonly passing: boolean | null
}

type LoadedRow = Omit<Handling, "headers" | "payload" | keyof HandlingKey> & {
  readonly headers: Handling["headers"] | null
}

const isClaimed = (row: KeyRow): row is KeyRow & ClaimedHandling => row.messageId !== null && row.due === true

/**
 * Reads what is due. Nothing is marked in the table: a webhook has one owner, who remembers what it has under way.
 */
export const makeClaims = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  const columns = sql.literal("message_id, route, ordering_key, due_at")

  const plain = (id: InboundWebhookId, now: Date, limit: number, which: Statement.Fragment) => sql`
    SELECT ${columns}, false AS passing FROM unhandled
    WHERE webhook_id = ${id} AND due_at <= ${now} ${which} ORDER BY due_at, sequence LIMIT ${limit}`

  // From key to key along the index. The head of each is what it has waited for longest; where that is not due,
  // because it failed or holds up its order, nothing of the key is. What came before the order has no place in it.
  const heads = ({ id, limit }: ClaimRequest, { after, ended }: Order, now: Date) => sql`
    WITH RECURSIVE head AS (
      (SELECT ${columns} FROM unhandled
        WHERE webhook_id = ${id} AND due_at IS NOT NULL AND ordering_key IS NOT NULL
          AND (${after ?? null}::text IS NULL OR ordering_key > ${after ?? null}::text)
        ORDER BY ordering_key, sequence LIMIT 1)
      UNION ALL
      SELECT next.* FROM head CROSS JOIN LATERAL (
        SELECT ${columns} FROM unhandled
        WHERE webhook_id = ${id} AND due_at IS NOT NULL AND ordering_key > head.ordering_key
        ORDER BY ordering_key, sequence LIMIT 1) AS next)
    (SELECT *, true AS passing FROM head LIMIT ${maxKeys})
    UNION ALL
    (SELECT next.*, false FROM unnest(${Column.text(ended)}) AS one(key) CROSS JOIN LATERAL (
      SELECT ${columns} FROM unhandled
      WHERE webhook_id = ${id} AND due_at IS NOT NULL AND ordering_key = one.key
      ORDER BY sequence LIMIT 1) AS next)
    UNION ALL
    (${plain(id, now, limit, sql`AND ordering_key IS NULL`)})`

  const claim = Effect.fn("HandlingEngine.claim")(function* (request: ClaimRequest) {
    const { id, limit, order } = request
    const now = yield* DateTime.nowAsDate
    const ready = order === undefined ? plain(id, now, limit, sql``) : heads(request, order, now)
    const rows = yield* sql<KeyRow>`
      SELECT webhook.revision::text AS revision, ready.message_id AS "messageId", ready.route,
        ready.ordering_key AS "orderingKey", ready.due_at <= ${now} AS due, ready.passing
      FROM inbound_webhooks AS webhook
      LEFT JOIN LATERAL (${ready}) AS ready ON true
      WHERE webhook.id = ${id}`
    const passed = rows.filter(({ passing }) => passing === true)
    return {
      revision: rows[0]?.revision,
      handlings: rows.filter(isClaimed),
      lastKey: passed.length < maxKeys ? undefined : (passed.at(-1)?.orderingKey ?? undefined)
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
      // Not every route asks for it.
      get payload() {
        return received.payload
      }
    } satisfies Handling
  }, Effect.orDie)

  return { claim, load }
})
