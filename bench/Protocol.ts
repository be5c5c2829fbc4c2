import { Schema } from "effect"

/** Times are milliseconds of the monotonic clock. */
const Window = { from: Schema.Finite, to: Schema.Finite }

/** What the receiver is asked; it answers everything with {@link Counts}, but `Latencies` with its own. */
export const ReceiverRequest = Schema.TaggedUnion({
  /** Forgets everything, and watches a window and the arrival of the delivery with the number `mark`. */
  Reset: { mark: Schema.Int, ...Window },
  Count: {},
  /** Of the deliveries that were sent in the window. */
  Latencies: {}
})

/** The receiver's first word: a port for each endpoint. */
export const Listening = Schema.Struct({ ports: Schema.Array(Schema.Int) })

/** What arrived since the reset; a delivery is known by its `webhook-id`. */
export const Counts = Schema.Struct({
  distinct: Schema.Int,
  duplicates: Schema.Int,
  /** Distinct ones that arrived in the window. */
  inWindow: Schema.Int,
  firstAt: Schema.Finite,
  markAt: Schema.Finite,
  lastAt: Schema.Finite
})
export type Counts = typeof Counts.Type

/**
 * Milliseconds: of events, from when one was due to be published to its arrival; of webhooks that are sent, from sending
 * one to its answer.
 */
export const Latencies = Schema.Struct({
  count: Schema.Int,
  p50: Schema.Finite,
  p99: Schema.Finite,
  max: Schema.Finite
})
export type Latencies = typeof Latencies.Type

/** What the loader is told. */
export const LoaderRequest = Schema.TaggedUnion({
  /** Publishes from now on until `to`; it answers with {@link Loaded}. */
  Load: {
    ...Window,
    url: Schema.String,
    key: Schema.String,
    endpoints: Schema.Int,
    connections: Schema.Int,
    /** Events a second, whatever the answers do. 0: as fast as the answers come, within `backlog`. */
    rate: Schema.Finite,
    /** Events that may be on their way before no more are published. */
    backlog: Schema.Int
  },
  /** How many arrived so far. */
  Delivered: { count: Schema.Int }
})

/** What the loader did. */
export const Loaded = Schema.Struct({
  accepted: Schema.Int,
  /** Answers that came in the window. */
  inWindow: Schema.Int,
  failed: Schema.Int,
  /** The first failure's status and body, empty when there was none. */
  firstFailure: Schema.String
})
export type Loaded = typeof Loaded.Type

/** What the sender is told: to send webhooks until `to`; it answers with {@link Sent}. */
export const SenderRequest = Schema.Struct({
  ...Window,
  url: Schema.String,
  /** As Standard Webhooks write it: `whsec_` and base64. */
  secret: Schema.String,
  /** Each sends its next message when the one before is answered. */
  connections: Schema.Int
})

/** What the sender did. */
export const Sent = Schema.Struct({
  /** Messages that were answered 2xx, all of them different. */
  accepted: Schema.Int,
  /** Answers that came in the window. */
  inWindow: Schema.Int,
  failed: Schema.Int,
  /** The first failure's answer, empty when there was none. */
  firstFailure: Schema.String,
  /** Of what was sent in the window. */
  latencies: Latencies
})
export type Sent = typeof Sent.Type
