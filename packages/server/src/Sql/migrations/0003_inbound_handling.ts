import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/**
 * What is not handled stands in `unhandled`, a row for each route that took a message, and its row goes when it is:
 * `messages` and `handling_attempts` are only ever added to. A webhook without a tenant is one of the platform's own.
 */
const statements = [
  `ALTER TABLE inbound_webhooks
    ALTER COLUMN tenant_id DROP NOT NULL,
    ADD COLUMN provider text UNIQUE,
    ADD COLUMN dedupe text,
    ADD COLUMN event_type text,
    ADD COLUMN routes text NOT NULL DEFAULT '[]',
    ADD COLUMN retry text NOT NULL DEFAULT '{"type":"default"}',
    ADD COLUMN concurrency integer NOT NULL DEFAULT 8,
    ADD COLUMN ordering text,
    ADD COLUMN methods text[] NOT NULL DEFAULT '{POST}',
    ADD COLUMN content_types text[],
    ADD COLUMN allowed_networks text[],
    ADD COLUMN rate_limit integer,
    ADD COLUMN reply text,
    ADD COLUMN forward_secrets bytea,
    ADD COLUMN revision bigint NOT NULL DEFAULT 0`,
  // The id's header was a setting of one scheme; it is one of every webhook's now.
  `UPDATE inbound_webhooks
    SET dedupe = json_build_object('by', 'header', 'name', scheme::json ->> 'idHeader')::text,
      scheme = (scheme::jsonb - 'idHeader')::text
    WHERE scheme::json ->> 'idHeader' IS NOT NULL`,

  `ALTER TABLE messages
    ALTER COLUMN tenant_id DROP NOT NULL,
    ADD COLUMN routes text[] NOT NULL DEFAULT '{}'`,

  `CREATE SEQUENCE handling_sequence`,
  `CREATE TABLE unhandled (
    webhook_id text COLLATE "C" NOT NULL,
    message_id text COLLATE "C" NOT NULL,
    route text COLLATE "C" NOT NULL,
    tenant_id text COLLATE "C",
    sequence bigint NOT NULL DEFAULT nextval('handling_sequence'),
    ordering_key text COLLATE "C",
    state text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    earlier_attempts integer NOT NULL DEFAULT 0,
    round_at timestamptz NOT NULL,
    due_at timestamptz,
    completed_at timestamptz,
    error text,
    PRIMARY KEY (message_id, route))`,
  `CREATE INDEX unhandled_due ON unhandled (webhook_id, due_at, sequence) WHERE due_at IS NOT NULL`,
  // Where order was asked for, what came before it has no place in it, and is looked for beside it.
  `CREATE INDEX unhandled_plain ON unhandled (webhook_id, due_at, sequence)
    WHERE due_at IS NOT NULL AND ordering_key IS NULL`,
  `CREATE INDEX unhandled_keys ON unhandled (webhook_id, ordering_key, sequence)
    WHERE due_at IS NOT NULL AND ordering_key IS NOT NULL`,
  `CREATE INDEX unhandled_of_tenant ON unhandled (tenant_id)`,
  `CREATE INDEX unhandled_ended ON unhandled (tenant_id, message_id) WHERE completed_at IS NOT NULL`,
  `CREATE INDEX unhandled_ended_of ON unhandled (webhook_id, message_id) WHERE completed_at IS NOT NULL`,

  `CREATE TABLE handling_attempts (
    message_id text COLLATE "C" NOT NULL,
    route text COLLATE "C" NOT NULL,
    number integer NOT NULL,
    tenant_id text COLLATE "C",
    at timestamptz NOT NULL,
    duration_ms integer NOT NULL,
    status integer,
    error text,
    PRIMARY KEY (message_id, route, number)) PARTITION BY RANGE (message_id)`,

  `CREATE TABLE inbound_rejections (
    webhook_id text COLLATE "C" NOT NULL REFERENCES inbound_webhooks ON DELETE CASCADE,
    hour timestamptz NOT NULL,
    reason text NOT NULL,
    count bigint NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (webhook_id, hour, reason))`,
  `CREATE INDEX ON inbound_rejections (hour)`
]

/** Routes of inbound webhooks, what became of messages on them, and what was refused. */
export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })
})
