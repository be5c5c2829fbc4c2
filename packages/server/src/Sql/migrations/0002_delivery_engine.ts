import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/**
 * What is not delivered stands in `undelivered`, and its row goes when it is: `deliveries` and `attempts` are
 * only ever added to, so a success costs one deletion and no index is written twice.
 */
const statements = [
  `ALTER TABLE events ADD COLUMN channels text[]`,

  `ALTER TABLE outbound_webhooks
    ADD COLUMN channels text[],
    ADD COLUMN filter text,
    ADD COLUMN status text NOT NULL DEFAULT 'active',
    ADD COLUMN error text,
    ADD COLUMN connected_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN last_activity_at timestamptz,
    ADD COLUMN failing_since timestamptz,
    ADD COLUMN warned_at timestamptz,
    ADD COLUMN hold_until timestamptz,
    ADD COLUMN signatures text[] NOT NULL DEFAULT '{v1}',
    ADD COLUMN signing_key bytea,
    ADD COLUMN previous_secrets bytea,
    ADD COLUMN public_key text,
    ADD COLUMN headers text NOT NULL DEFAULT '[]',
    ADD COLUMN header_secrets bytea,
    ADD COLUMN retry text NOT NULL DEFAULT '{"type":"default"}',
    ADD COLUMN concurrency integer NOT NULL DEFAULT 16,
    ADD COLUMN rate_limit integer,
    ADD COLUMN timeout_seconds integer NOT NULL DEFAULT 15,
    ADD COLUMN ordering text,
    ADD COLUMN batching text,
    ADD COLUMN disable_after_hours integer NOT NULL DEFAULT 120,
    ADD COLUMN revision bigint NOT NULL DEFAULT 0`,
  `UPDATE outbound_webhooks SET status = CASE WHEN enabled THEN 'active' ELSE 'suspended' END, connected_at = created_at`,
  `ALTER TABLE outbound_webhooks DROP COLUMN enabled`,

  `CREATE TABLE undelivered (
    tenant_id text COLLATE "C" NOT NULL,
    delivery_id text COLLATE "C" NOT NULL,
    webhook_id text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    ordering_key text COLLATE "C",
    state text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    earlier_attempts integer NOT NULL DEFAULT 0,
    round_at timestamptz NOT NULL,
    due_at timestamptz,
    completed_at timestamptz,
    PRIMARY KEY (tenant_id, delivery_id))`,
  `CREATE INDEX undelivered_due ON undelivered (webhook_id, due_at, sequence) WHERE due_at IS NOT NULL`,
  `CREATE INDEX undelivered_keys ON undelivered (webhook_id, ordering_key, sequence)
    WHERE due_at IS NOT NULL AND ordering_key IS NOT NULL`,
  // Only what has come to its end without success: a delivery that succeeds never touches these two.
  `CREATE INDEX undelivered_ended ON undelivered (tenant_id, delivery_id) WHERE completed_at IS NOT NULL`,
  `CREATE INDEX undelivered_ended_of ON undelivered (webhook_id, delivery_id) WHERE completed_at IS NOT NULL`,
  `INSERT INTO undelivered
    (tenant_id, delivery_id, webhook_id, event_id, sequence, state, attempts, round_at, due_at, completed_at)
    SELECT tenant_id, id, webhook_id, event_id, sequence, state, attempts, created_at, due_at, completed_at
    FROM deliveries WHERE state <> 'succeeded'`,
  `ALTER TABLE deliveries
    DROP COLUMN state, DROP COLUMN attempts, DROP COLUMN due_at, DROP COLUMN completed_at,
    ADD COLUMN ordering_key text`,

  `CREATE TEMPORARY TABLE attempts_before ON COMMIT DROP AS SELECT * FROM attempts`,
  `DROP TABLE attempts`,
  `CREATE TABLE attempts (
    delivery_id text COLLATE "C" NOT NULL,
    number integer NOT NULL,
    id text COLLATE "C" NOT NULL,
    tenant_id text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    duration_ms integer NOT NULL,
    status integer,
    error text,
    request_headers text,
    response_headers text,
    response_body text,
    PRIMARY KEY (delivery_id, number)) PARTITION BY RANGE (delivery_id)`,
  `CREATE TABLE attempts_rest PARTITION OF attempts DEFAULT`,
  `INSERT INTO attempts (delivery_id, number, id, tenant_id, at, duration_ms, status, error, response_body)
    SELECT delivery_id, number, id, tenant_id, at, duration_ms, status, error, response_body FROM attempts_before`,

  `CREATE TABLE delivery_statistics (
    webhook_id text COLLATE "C" NOT NULL,
    hour timestamptz NOT NULL,
    tenant_id text COLLATE "C" NOT NULL,
    succeeded integer NOT NULL,
    failed integer NOT NULL,
    exhausted integer NOT NULL,
    latencies integer[] NOT NULL,
    PRIMARY KEY (webhook_id, hour)) WITH (fillfactor = 50)`,
  `CREATE INDEX ON delivery_statistics (hour)`,

  `CREATE TABLE jobs (
    id text COLLATE "C" PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
    customer_id text,
    type text NOT NULL,
    subject text COLLATE "C" NOT NULL,
    parameters text NOT NULL,
    state text NOT NULL,
    processed bigint NOT NULL DEFAULT 0,
    total bigint NOT NULL,
    position text COLLATE "C" NOT NULL DEFAULT '',
    failures integer NOT NULL DEFAULT 0,
    error text,
    created_at timestamptz NOT NULL,
    completed_at timestamptz)`,
  `CREATE INDEX ON jobs (tenant_id, id)`,
  `CREATE INDEX ON jobs (id) WHERE state = 'running'`
]

/** The delivery engine: order, batches, schedules and limits of endpoints, jobs and statistics. */
export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })
})
