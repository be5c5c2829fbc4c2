import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/**
 * Ids are compared byte by byte (`COLLATE "C"`), so that they sort by time. What a tenant wrote in JSON is
 * kept as text: `jsonb` refuses some strings that JSON allows and would change what others are sent.
 *
 * Tables that grow without end are partitioned by ranges of their ids: an id begins with its time, so a
 * range is a month, and the id alone is still a unique key.
 */
const statements = [
  `CREATE TABLE tenants (
    id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    settings text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now())`,

  `CREATE TABLE data_keys (
    tenant_id text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    wrapped bytea NOT NULL,
    master_key_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, version))`,

  `CREATE TABLE api_keys (
    id text COLLATE "C" PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
    name text NOT NULL,
    hash bytea NOT NULL UNIQUE,
    scopes text[] NOT NULL,
    customer_id text,
    expires_at timestamptz,
    recovery boolean NOT NULL DEFAULT false,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now())`,
  `CREATE INDEX ON api_keys (tenant_id, id)`,

  `CREATE TABLE idempotency_keys (
    tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
    key text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'committed', 'answered')),
    answer bytea,
    locked_until timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, key))`,
  `CREATE INDEX ON idempotency_keys (expires_at)`,

  `CREATE TABLE deep_integrations (
    tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
    type text NOT NULL,
    status text NOT NULL,
    configuration text NOT NULL,
    sealed bytea,
    connected_at timestamptz,
    last_activity_at timestamptz,
    error text,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, type))`,

  `CREATE TABLE integrations (
    id text COLLATE "C" PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
    customer_id text,
    type text NOT NULL,
    name text NOT NULL,
    base_url text NOT NULL,
    placement text NOT NULL,
    credential bytea NOT NULL,
    status text NOT NULL,
    connected_at timestamptz,
    last_activity_at timestamptz,
    error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now())`,
  `CREATE INDEX ON integrations (tenant_id, id)`,

  `CREATE TABLE event_types (
    tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
    name text COLLATE "C" NOT NULL,
    description text,
    schema text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, name))`,

  `CREATE SEQUENCE event_sequence`,
  `CREATE TABLE events (
    id text COLLATE "C" PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL,
    customer_id text,
    type text NOT NULL,
    subject text,
    data text NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    sequence bigint NOT NULL DEFAULT nextval('event_sequence'),
    created_at timestamptz NOT NULL DEFAULT now()) PARTITION BY RANGE (id)`,
  `CREATE INDEX ON events (tenant_id, xid, sequence)`,

  `CREATE TABLE inbound_webhooks (
    id text COLLATE "C" PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
    customer_id text,
    token_hash bytea NOT NULL UNIQUE,
    name text NOT NULL,
    source text,
    scheme text NOT NULL,
    secrets bytea NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now())`,
  `CREATE INDEX ON inbound_webhooks (tenant_id, id)`,

  `CREATE TABLE messages (
    id text COLLATE "C" PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL,
    customer_id text,
    webhook_id text COLLATE "C" NOT NULL,
    external_id text,
    event_type text,
    verified boolean NOT NULL,
    headers text NOT NULL,
    body bytea NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()) PARTITION BY RANGE (id)`,
  `CREATE INDEX ON messages (tenant_id, id)`,
  `CREATE INDEX ON messages (webhook_id, id)`,

  `CREATE TABLE message_keys (
    webhook_id text COLLATE "C" NOT NULL REFERENCES inbound_webhooks ON DELETE CASCADE,
    external_id_hash bytea NOT NULL,
    message_id text COLLATE "C" NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (webhook_id, external_id_hash))`,
  `CREATE INDEX ON message_keys (expires_at)`,

  `CREATE TABLE outbound_webhooks (
    id text COLLATE "C" PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL REFERENCES tenants ON DELETE CASCADE,
    customer_id text,
    url text NOT NULL,
    description text,
    event_types text[] NOT NULL,
    secret bytea NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now())`,
  `CREATE INDEX ON outbound_webhooks (tenant_id, id)`,

  `CREATE SEQUENCE delivery_sequence`,
  `CREATE TABLE deliveries (
    id text COLLATE "C" PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL,
    customer_id text,
    webhook_id text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    event_type text NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz,
    sequence bigint NOT NULL DEFAULT nextval('delivery_sequence'),
    created_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz) PARTITION BY RANGE (id)`,
  `CREATE INDEX ON deliveries (webhook_id, due_at, sequence) WHERE due_at IS NOT NULL`,
  `CREATE INDEX ON deliveries (due_at) WHERE due_at IS NOT NULL`,
  `CREATE INDEX ON deliveries (tenant_id, id)`,
  `CREATE INDEX ON deliveries (webhook_id, id)`,

  `CREATE TABLE attempts (
    id text COLLATE "C" PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL,
    delivery_id text COLLATE "C" NOT NULL,
    number integer NOT NULL,
    at timestamptz NOT NULL,
    duration_ms integer NOT NULL,
    status integer,
    error text,
    response_body text) PARTITION BY RANGE (id)`,
  `CREATE INDEX ON attempts (delivery_id, number)`,

  `CREATE SEQUENCE audit_sequence`,
  `CREATE TABLE audit_log (
    id text COLLATE "C" PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    details text NOT NULL,
    at timestamptz NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    sequence bigint NOT NULL DEFAULT nextval('audit_sequence'),
    number bigint,
    hash bytea) PARTITION BY RANGE (id)`,
  `CREATE INDEX ON audit_log (tenant_id, id)`,
  `CREATE INDEX ON audit_log (tenant_id, number)`,
  `CREATE INDEX ON audit_log (tenant_id, xid, sequence) WHERE number IS NULL`,

  `CREATE TABLE audit_heads (
    tenant_id text COLLATE "C" PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
    number bigint NOT NULL,
    hash bytea NOT NULL)`
]

/** The tables of the foundation. */
export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })
})
