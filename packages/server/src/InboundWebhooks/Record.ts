import type { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import { NotFound } from "@do-integrations/domain/Problem"
import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { MessageId, type Receipt } from "@do-integrations/domain/Webhook/Inbound/Message"
import { DateTime, Effect, Result, Schema } from "effect"
import { Digest } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { EventLog } from "../EventLog.ts"
import { HandlingWakeups } from "../HandlingEngine/Wakeups.ts"
import { newMessageId } from "../Ids.ts"
import * as Column from "../Sql/Column.ts"
import * as GroupCommit from "../Sql/GroupCommit.ts"
import { rowsOf } from "../Sql/Rows.ts"
import type { Identity } from "./Identify.ts"
import type { Received } from "./Received.ts"
import type { Taken } from "./Router.ts"

/** Whose webhook a message came to. The platform's own webhooks have no tenant. */
export interface Addressee {
  readonly id: InboundWebhookId
  readonly tenantId: TenantId | undefined
  readonly customerId: CustomerId | undefined
  readonly source: string | undefined
  /** Whether what comes in is proved to be the sender's. */
  readonly proves: boolean
  /** Headers that hold its secret, in lower case. */
  readonly secretHeaders: ReadonlyArray<string>
}

/** A message that is to be kept, with the routes that took it. */
export interface Incoming {
  readonly webhook: Addressee
  readonly received: Received
  readonly identity: Identity
  readonly taken: ReadonlyArray<Taken>
}

interface Row extends Incoming {
  readonly id: MessageId
  /** Those that are kept, as JSON text. */
  readonly headers: string
  /** SHA-256 of what a repetition is told by: an id may be of any length, an index entry may not. */
  readonly hash: Uint8Array | undefined
}

/** Messages that one transaction takes. */
const maxBatch = 500

/** Headers that are not kept: they may hold credentials of the sender. */
const dropped: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization"])

const Fresh = Schema.Struct({ messageId: MessageId })
const Present = Schema.Struct({ id: Schema.String })
const utf8 = new TextEncoder()

const keptHeaders = ({ received, webhook }: Incoming) => {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(received.headers)) {
    if (value === undefined || dropped.has(name) || webhook.secretHeaders.includes(name)) continue
    kept[name] = value
  }
  return JSON.stringify(kept)
}

/**
 * Keeps messages: the message, what a repetition is told by, its handlings and its event are one commit, shared
 * with whatever else comes in at that moment. A message is recorded once; a repetition starts nothing. Fails with
 * `NotFound` when the webhook is gone.
 */
export const makeRecord = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const digest = yield* Digest.Digest
  const events = yield* EventLog
  const wakeups = yield* HandlingWakeups
  const freshRows = rowsOf(Fresh)
  const presentRows = rowsOf(Present)

  /** Claims each sender's id for its first message. Two of them may be in one batch. */
  const claim = Effect.fnUntraced(function* (rows: ReadonlyArray<Row>) {
    const keyed = rows.filter((row) => row.hash !== undefined)
    if (keyed.length === 0) return new Set<MessageId>()
    const claimed = yield* sql`
      INSERT INTO message_keys (webhook_id, external_id_hash, message_id, expires_at)
      SELECT DISTINCT ON (webhook_id, hash) webhook_id, hash, id, now() + interval '7 days' FROM unnest(
        ${Column.text(keyed.map((row) => row.webhook.id))}, ${Column.bytea(keyed.map((row) => row.hash ?? null))},
        ${Column.text(keyed.map((row) => row.id))}
      ) WITH ORDINALITY AS key(webhook_id, hash, id, place)
      ORDER BY webhook_id, hash, place
      ON CONFLICT (webhook_id, external_id_hash) DO UPDATE
        SET message_id = excluded.message_id, expires_at = excluded.expires_at
        WHERE message_keys.expires_at < now()
      RETURNING message_id`.pipe(Effect.flatMap(freshRows))
    return new Set(claimed.map((row) => row.messageId))
  })

  /** The rows whose webhook is still there, held there until the commit: it may just have been removed. */
  const addressed = Effect.fnUntraced(function* (rows: ReadonlyArray<Row>) {
    const ids = Column.text([...new Set(rows.map((row) => row.webhook.id))])
    const found = yield* sql`
      SELECT id FROM inbound_webhooks WHERE id = ANY(${ids}) ORDER BY id FOR KEY SHARE`.pipe(
      Effect.flatMap(presentRows)
    )
    const present = new Set(found.map((row) => row.id))
    return rows.filter((row) => present.has(row.webhook.id))
  })

  // As whoever gives deliveries their order does: what commits later is not numbered earlier.
  const lockOrders = (rows: ReadonlyArray<Row>) => {
    const ordered = new Set(
      rows.flatMap(({ taken, webhook }) =>
        taken.some(({ orderingKey }) => orderingKey !== null) ? [webhook.id] : []
      )
    )
    return ordered.size === 0
      ? Effect.void
      : sql`
          SELECT pg_advisory_xact_lock(hashtextextended(id, 0))
          FROM unnest(${Column.text([...ordered].toSorted())}) AS webhook(id)`
  }

  const handlings = Effect.fnUntraced(function* (fresh: ReadonlyArray<Row>) {
    const rows = fresh.flatMap(({ id, taken, webhook }) => taken.map((one) => ({ ...one, id, webhook })))
    if (rows.length === 0) return
    yield* lockOrders(fresh)
    const now = yield* DateTime.nowAsDate
    yield* sql`
      INSERT INTO unhandled (webhook_id, message_id, route, tenant_id, ordering_key, state, round_at, due_at)
      SELECT webhook_id, message_id, route, tenant_id, ordering_key, 'pending', ${now}, ${now} FROM unnest(
        ${Column.text(rows.map((row) => row.webhook.id))}, ${Column.text(rows.map((row) => row.id))},
        ${Column.text(rows.map((row) => row.route))}, ${Column.text(rows.map((row) => row.webhook.tenantId ?? null))},
        ${Column.text(rows.map((row) => row.orderingKey))}
      ) WITH ORDINALITY AS row(webhook_id, message_id, route, tenant_id, ordering_key, place)
      ORDER BY place`
    yield* sql.afterCommit(wakeups.offer(new Set(rows.map((row) => row.webhook.id))))
  })

  const commit = Effect.fnUntraced(function* (all: ReadonlyArray<Row>) {
    const rows = yield* addressed(all)
    const claimed = yield* claim(rows)
    const fresh = rows.filter((row) => row.hash === undefined || claimed.has(row.id))
    yield* sql`
      INSERT INTO messages
        (id, tenant_id, customer_id, webhook_id, external_id, event_type, verified, headers, body, routes)
      SELECT id, tenant_id, customer_id, webhook_id, external_id, event_type, verified, headers, body,
        string_to_array(routes, ' ') FROM unnest(
        ${Column.text(fresh.map((row) => row.id))}, ${Column.text(fresh.map((row) => row.webhook.tenantId ?? null))},
        ${Column.text(fresh.map((row) => row.webhook.customerId ?? null))}, ${Column.text(fresh.map((row) => row.webhook.id))},
        ${Column.text(fresh.map((row) => row.identity.externalId ?? null))},
        ${Column.text(fresh.map((row) => row.identity.eventType ?? null))},
        ${Column.boolean(fresh.map((row) => row.webhook.proves))},
        ${Column.text(fresh.map((row) => row.headers))}, ${Column.bytea(fresh.map((row) => row.received.body))},
        ${Column.text(fresh.map((row) => row.taken.map(({ route }) => route).join(" ")))}
      ) AS message(id, tenant_id, customer_id, webhook_id, external_id, event_type, verified, headers, body, routes)`
    yield* handlings(fresh)
    yield* events.record(
      ...fresh.flatMap(({ webhook: { customerId, id, source, tenantId } }) =>
        tenantId === undefined
          ? []
          : [
              {
                type: "webhook:received" as const,
                data: { webhookId: id, ...(source === undefined ? {} : { source }) },
                tenantId,
                customerId,
                subject: id
              }
            ]
      )
    )
    const receipts = new Map<MessageId, Receipt>(rows.map(({ id }) => [id, { duplicate: true }]))
    for (const { id } of fresh) receipts.set(id, { id, duplicate: false })
    return all.map(({ id }) => Result.fromNullishOr(receipts.get(id), () => new NotFound()))
  })

  const commits = yield* GroupCommit.make({
    name: "InboundWebhooks.record",
    maxBatch,
    weigh: ({ headers, received }: Row) => received.body.length + headers.length,
    commit
  })

  return Effect.fnUntraced(function* (incoming: Incoming) {
    const { key } = incoming.identity
    const bytes = typeof key === "string" ? utf8.encode(key) : key
    const hash = bytes === undefined ? undefined : yield* digest.digest(Digest.sha256, bytes)
    return yield* commits.ask({
      ...incoming,
      id: yield* newMessageId,
      headers: keptHeaders(incoming),
      hash
    })
  })
})
