import type { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import { NotFound } from "@do-integrations/domain/Problem"
import { type InboundWebhookId, MessageId, type Receipt } from "@do-integrations/domain/Webhook/Inbound"
import { Effect, Result, Schema } from "effect"
import { Digest } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { EventLog } from "../EventLog.ts"
import { newMessageId } from "../Ids.ts"
import * as GroupCommit from "../Sql/GroupCommit.ts"
import { rowsOf } from "../Sql/Rows.ts"
import type { Received, Verified } from "./Scheme.ts"
import * as Column from "../Sql/Column.ts"

/** Whose webhook a message came to. */
export interface Addressee {
  readonly id: InboundWebhookId
  readonly tenantId: TenantId
  readonly customerId?: CustomerId
  readonly source?: string
}

/** A verified message that is to be kept. */
interface Incoming extends Received, Verified {
  readonly webhook: Addressee
}

interface Row extends Omit<Incoming, "headers"> {
  readonly id: MessageId
  /** Those that are kept, as JSON text. */
  readonly headers: string
  /** SHA-256 of the sender's id: an id may be of any length, an index entry may not. */
  readonly hash: Uint8Array | undefined
}

/** Messages that one transaction takes. */
const maxBatch = 500

/** Headers that are not kept: they may hold credentials of the sender. */
const dropped: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization"])

const Fresh = Schema.Struct({ messageId: MessageId })
const Present = Schema.Struct({ id: Schema.String })
const utf8 = new TextEncoder()

const keptHeaders = ({ headers }: Received) =>
  JSON.stringify(Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name))))

/**
 * Keeps messages: the message, its sender's id and its event are one commit, shared with whatever else
 * comes in at that moment. A sender's id is recorded once; a repetition starts nothing. Fails with `NotFound`
 * when the webhook is gone.
 */
export const makeRecord = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const digest = yield* Digest.Digest
  const events = yield* EventLog
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

  const commit = Effect.fnUntraced(function* (all: ReadonlyArray<Row>) {
    const rows = yield* addressed(all)
    const claimed = yield* claim(rows)
    const fresh = rows.filter((row) => row.hash === undefined || claimed.has(row.id))
    yield* sql`
      INSERT INTO messages
        (id, tenant_id, customer_id, webhook_id, external_id, event_type, verified, headers, body)
      SELECT id, tenant_id, customer_id, webhook_id, external_id, event_type, true, headers, body FROM unnest(
        ${Column.text(fresh.map((row) => row.id))}, ${Column.text(fresh.map((row) => row.webhook.tenantId))},
        ${Column.text(fresh.map((row) => row.webhook.customerId ?? null))}, ${Column.text(fresh.map((row) => row.webhook.id))},
        ${Column.text(fresh.map((row) => row.externalId ?? null))}, ${Column.text(fresh.map((row) => row.eventType ?? null))},
        ${Column.text(fresh.map((row) => row.headers))}, ${Column.bytea(fresh.map((row) => row.body))}
      ) AS message(id, tenant_id, customer_id, webhook_id, external_id, event_type, headers, body)`
    yield* events.record(
      ...fresh.map(({ webhook: { customerId, id, source, tenantId } }) => ({
        type: "webhook:received" as const,
        data: { webhookId: id, ...(source === undefined ? {} : { source }) },
        tenantId,
        customerId,
        subject: id
      }))
    )
    const receipts = new Map<MessageId, typeof Receipt.Type>(rows.map(({ id }) => [id, { duplicate: true }]))
    for (const { id } of fresh) receipts.set(id, { id, duplicate: false })
    return all.map(({ id }) => Result.fromNullishOr(receipts.get(id), () => new NotFound()))
  })

  const commits = yield* GroupCommit.make({
    name: "InboundWebhooks.record",
    maxBatch,
    weigh: ({ body, headers }: Row) => body.length + headers.length,
    commit
  })

  return Effect.fn("InboundWebhooks.record")(function* (incoming: Incoming) {
    const { externalId } = incoming
    const hash =
      externalId === undefined ? undefined : yield* digest.digest(Digest.sha256, utf8.encode(externalId))
    return yield* commits.ask({
      ...incoming,
      id: yield* newMessageId,
      headers: keptHeaders(incoming),
      hash
    })
  })
})
