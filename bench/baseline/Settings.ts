/**
 * The plain way to do the same: Express 5, node-postgres and pg-boss, tuned fairly. What is not named here is as these
 * packages have it.
 *
 * In its favour: endpoints are kept in memory and never asked for again, an event's body travels in its job, so that
 * delivering reads no other table, and the web server and the worker are processes of their own.
 */
export const queue = "deliveries"

/**
 * The worker. Each of its two halves begins a fetch every half second, or later when its batch takes longer: it takes
 * at most 4,000 jobs a second.
 */
const polling = {
  batchSize: 1000,
  localConcurrency: 2,
  /** The shortest that pg-boss takes. */
  pollingIntervalSeconds: 0.5
}

/** The worker of the baseline, and of a second one that nobody would call slow to begin. */
export const work = {
  baseline: { ...polling, burstWhenBatchFull: false },
  /** Fetches again at once after a full batch, and is woken by LISTEN/NOTIFY when there was nothing to do. */
  eager: { ...polling, burstWhenBatchFull: true, notifyPollingIntervalSeconds: 0.5 }
}

/** Which of the two. */
export type Variant = keyof typeof work

/** Connections to Postgres of each process: as many as the service has in all. */
export const poolSize = 10

/** Requests that are under way to one endpoint at a time: as many as the service has. */
export const connectionsPerEndpoint = 16

/** Milliseconds that an endpoint may take to answer. */
export const timeout = 15_000

/** What a job carries. */
export interface Job {
  readonly eventId: string
  readonly endpointId: string
  readonly type: string
  readonly timestamp: string
  readonly data: object
}

/** The tables beside pg-boss's own. */
export const tables = [
  `CREATE TABLE endpoints (
    id text PRIMARY KEY,
    event_type text NOT NULL,
    url text NOT NULL,
    secret text NOT NULL)`,
  `CREATE TABLE events (
    id text PRIMARY KEY,
    type text NOT NULL,
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL)`,
  `CREATE TABLE attempts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id uuid NOT NULL,
    number integer NOT NULL,
    at timestamptz NOT NULL,
    duration_ms integer NOT NULL,
    status integer,
    error text,
    response_body text)`,
  `CREATE INDEX ON attempts (job_id, number)`
]

/**
 * The table of the way in. In its favour: it is found by nothing but the sender's id, and the secret that messages are
 * verified with is known from the start.
 */
export const messagesTable = `CREATE TABLE messages (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  external_id text NOT NULL UNIQUE,
  headers jsonb NOT NULL,
  body bytea NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now())`
