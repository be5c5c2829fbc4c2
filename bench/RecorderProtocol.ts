import { Schema } from "effect"
import { crc32 } from "node:zlib"

/** What an endpoint of the recorder does with what it is sent. */
export const Behaviour = Schema.TaggedUnion({
  Answer: {
    /** Milliseconds until it answers. */
    delay: Schema.Finite,
    /** The share of the events whose first arrival is answered 500, and no other. */
    failFirst: Schema.Finite,
    /** The share of the events that are answered 500 always. */
    failAlways: Schema.Finite
  },
  /** Takes everything and never answers. */
  Hang: {},
  /** Answers 200 and then a byte of the body each second, without end. */
  Drip: {}
})
export type Behaviour = typeof Behaviour.Type

/** Answers 204 at once. */
export const obliging = { _tag: "Answer", delay: 0, failFirst: 0, failAlways: 0 } as const

export const Behaviours = Schema.fromJsonString(Schema.Array(Behaviour))

/** The lot of an event, evenly spread from 0 to 1: the least fail always, those after them the first time. */
export const lotOf = (eventId: string): number => crc32(eventId) / 2 ** 32

/** A request as it came. */
export const Arrival = Schema.Struct({
  /** Which of the recorder's endpoints it came to. */
  endpoint: Schema.Int,
  webhookId: Schema.String,
  /** The events that it brought: one, or those of a batch, each with the `nonce` of its data. */
  events: Schema.Array(Schema.Struct({ id: Schema.String, nonce: Schema.String })),
  /** Milliseconds of the monotonic clock. */
  at: Schema.Finite,
  /** Answered with 204, if the sender waited for it. */
  accepted: Schema.Boolean,
  /** Another request to this endpoint with the same `key` in its data was under way. */
  overlaps: Schema.Boolean
})
export type Arrival = typeof Arrival.Type

/** What the recorder is asked: some of what arrived, from a number on; it answers with {@link Arrivals}. */
export const RecorderRequest = Schema.Struct({ from: Schema.Int, limit: Schema.Int })

export const Arrivals = Schema.Struct({
  /** All that there are. */
  total: Schema.Int,
  arrivals: Schema.Array(Arrival)
})
