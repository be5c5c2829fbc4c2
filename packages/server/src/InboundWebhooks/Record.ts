import type { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import { NotFound } from "@do-integrations/domain/Problem"
import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { MessageId, type Receipt } from "@do-integrations/domain/Webhook/Inbound/Message"
import { Data, Effect, Result, Schema } from "effect"
import { Digest } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { EventLog } from "../EventLog.ts"
import { makeIntake } from "../HandlingEngine/Intake.ts"
import { isEcho } from "../Hops.ts"
import { newMessageId } from "../Ids.ts"
import * as Column from "../Sql/Column.ts"
import * as GroupCommit from "../Sql/GroupCommit.ts"
import { rowsOf } from "../Sql/Rows.ts"
import type { Identity } from "./Identify.ts"
import type { Received } from "./Received.ts"
import type { Taken } from "./Router.ts"
import { secretHeaders } from "./SecretHeaders.ts"

/** Whose webhook a message came to. The platform's own webhooks have no tenant. */
export interface Addressee {
  readonly id: InboundWebhookId
  readonly tenantId: TenantId | undefined
  readonly customerId: CustomerId | undefined
  readonly source: string | undefined
  /** Of its settings by which the message was verified and routed. */
  readonly revision: string
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

/** The webhook was changed since it was read: what was made of the message may no longer hold. */
export class WebhookChanged extends Data.TaggedError("WebhookChanged") {}

/** A message that is not written: its webhook is gone or was changed, or it is a repetition. */
const Refused = Schema.Struct({ id: MessageId, why: Schema.Literals(["gone", "changed", "repeated"]) })
const utf8 = new TextEncoder()

const keptHeaders = ({ received, webhook }: Incoming) => {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(received.headers)) {
    if (value === undefined || secretHeaders.has(name) || webhook.secretHeaders.includes(name)) continue
    kept[name] = value
  }
  return JSON.stringify(kept)
}

/** The events that tell of a message: none of the platform's own, which has no tenant. */
const toldOf = ({ received, webhook }: Row) => {
  const { customerId, id, source, tenantId } = webhook
  if (tenantId === undefined || isEcho(received)) return []
  const data = { webhookId: id, ...(source === undefined ? {} : { source }) }
  return [{ type: "webhook:received" as const, data, tenantId, customerId, subject: id }]
}

const whose = ({ id, tenantId }: Addressee) => ({ webhookId: id, tenantId })

const resultOf = (
  id: MessageId,
  why: (typeof Refused.Type)["why"] | undefined
): Result.Result<Receipt, NotFound | WebhookChanged> => {
  switch (why) {
    case undefined:
      return Result.succeed({ id, duplicate: false })
    case "repeated":
      return Result.succeed({ duplicate: true })
    case "gone":
      return Result.fail(new NotFound())
    case "changed":
      return Result.fail(new WebhookChanged())
  }
}

/**
 * Keeps messages: the message, what a repetition is told by, its handlings and its event are one commit, shared
 * with whatever else comes in at that moment. A message is recorded once; a repetition starts nothing. Fails with
 * `NotFound` when the webhook is gone, with `WebhookChanged` when it is another one than the message was held to.
 */
export const makeRecord = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const digest = yield* Digest.Digest
  const events = yield* EventLog
  const intake = yield* makeIntake
  const refusedRows = rowsOf(Refused)

  /**
   * Writes the messages that are neither a repetition nor to a webhook that is gone, in one statement: every other one
   * would cost each of them a way to the database and back. Their webhooks are held until the commit, for they may just
   * be being removed. Answers with the others.
   */
  const keep = Effect.fnUntraced(function* (rows: ReadonlyArray<Row>) {
    const ids = Column.text(rows.map((row) => row.id))
    const webhooks = Column.text(rows.map((row) => row.webhook.id))
    const hashes = Column.bytea(rows.map((row) => row.hash ?? null))
    const revisions = Column.text(rows.map((row) => row.webhook.revision))
    const refused = yield* sql`
      WITH incoming AS (
        SELECT * FROM unnest(
          ${ids}, ${webhooks}, ${hashes}, ${revisions}
        ) WITH ORDINALITY AS one(id, webhook_id, hash, revision, place)),
      present AS (
        SELECT id, revision::text AS revision FROM inbound_webhooks
        WHERE id = ANY(${Column.text([...new Set(rows.map((row) => row.webhook.id))])}) ORDER BY id FOR KEY SHARE),
      claimed AS (
        INSERT INTO message_keys (webhook_id, external_id_hash, message_id, expires_at)
        SELECT DISTINCT ON (webhook_id, hash) webhook_id, hash, id, now() + interval '7 days' FROM incoming
        WHERE hash IS NOT NULL AND (webhook_id, revision) IN (SELECT id, revision FROM present)
        ORDER BY webhook_id, hash, place
        ON CONFLICT (webhook_id, external_id_hash) DO UPDATE
          SET message_id = excluded.message_id, expires_at = excluded.expires_at
          WHERE message_keys.expires_at < now()
        RETURNING message_id),
      kept AS (
        INSERT INTO messages
          (id, tenant_id, customer_id, webhook_id, external_id, event_type, verified, headers, body, routes)
        SELECT id, tenant_id, customer_id, webhook_id, external_id, event_type, verified, headers, body,
          string_to_array(routes, ' ') FROM unnest(
          ${ids}, ${Column.text(rows.map((row) => row.webhook.tenantId ?? null))},
          ${Column.text(rows.map((row) => row.webhook.customerId ?? null))}, ${webhooks}, ${hashes}, ${revisions},
          ${Column.text(rows.map((row) => row.identity.externalId ?? null))},
          ${Column.text(rows.map((row) => row.identity.eventType ?? null))},
          ${Column.boolean(rows.map((row) => row.webhook.proves))},
          ${Column.text(rows.map((row) => row.headers))}, ${Column.bytea(rows.map((row) => row.received.body))},
          ${Column.text(rows.map((row) => row.taken.map(({ route }) => route).join(" ")))}
        ) AS one(id, tenant_id, customer_id, webhook_id, hash, revision, external_id, event_type, verified, headers, body, routes)
        WHERE (webhook_id, revision) IN (SELECT id, revision FROM present)
          AND (hash IS NULL OR id IN (SELECT message_id FROM claimed))
        RETURNING id)
      SELECT incoming.id, CASE WHEN present.id IS NULL THEN 'gone'
        WHEN present.revision <> incoming.revision THEN 'changed' ELSE 'repeated' END AS why
      FROM incoming LEFT JOIN present ON present.id = incoming.webhook_id
      WHERE incoming.id NOT IN (SELECT id FROM kept)`.pipe(Effect.flatMap(refusedRows))
    return new Map(refused.map(({ id, why }) => [id, why]))
  })

  const hashOf = ({ key }: Identity): Effect.Effect<Uint8Array | undefined> =>
    key === undefined
      ? Effect.succeed(undefined)
      : digest.digest(Digest.sha256, typeof key === "string" ? utf8.encode(key) : key)

  const commit = Effect.fnUntraced(function* (all: ReadonlyArray<Row>) {
    const refused = yield* keep(all)
    const fresh = refused.size === 0 ? all : all.filter(({ id }) => !refused.has(id))
    yield* intake(
      fresh.flatMap(({ id, taken, webhook }) =>
        taken.map((one) => ({ ...one, messageId: id, ...whose(webhook) }))
      )
    )
    yield* events.record(...fresh.flatMap(toldOf))
    return all.map(({ id }) => resultOf(id, refused.get(id)))
  })

  const commits = yield* GroupCommit.make({
    name: "InboundWebhooks.record",
    maxBatch,
    weigh: ({ headers, received }: Row) => received.body.length + headers.length,
    commit
  })

  return (incoming: Incoming) =>
    Effect.flatMap(hashOf(incoming.identity), (hash) =>
      Effect.flatMap(newMessageId, (id) =>
        commits.ask({ ...incoming, id, headers: keptHeaders(incoming), hash })
      )
    )
})
