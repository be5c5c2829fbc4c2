import { Effect, Schema } from "effect"
import type { BenchFailure } from "./BenchFailure.ts"
import * as Peer from "./Peer.ts"
import { Listening } from "./Protocol.ts"
import { type Arrival, Arrivals, type Behaviour, Behaviours } from "./RecorderProtocol.ts"

/** Arrivals that one message holds. */
const sliceSize = 2000

/** The recorder's process: receivers that behave as told and keep account of every request. */
export interface Recorder {
  /** A URL for each endpoint, each a port of its own. */
  readonly urls: ReadonlyArray<string>
  /** How many requests came. */
  readonly total: Effect.Effect<number, BenchFailure>
  /** What arrived since this was asked last, in its order. */
  readonly news: Effect.Effect<ReadonlyArray<Arrival>, BenchFailure>
}

/** Starts a recorder with an endpoint for each behaviour; it ends with the scope. */
export const start = Effect.fnUntraced(function* (behaviours: ReadonlyArray<Behaviour>) {
  const peer = yield* Peer.start("./processes/recorder.ts", {
    args: [yield* Effect.orDie(Schema.encodeEffect(Behaviours)(behaviours))]
  })
  const { ports } = yield* peer.hear(Listening)
  const slice = (from: number, limit: number) => Effect.uninterruptible(peer.ask({ from, limit }, Arrivals))

  let taken = 0
  const news = Effect.gen(function* () {
    const all: Array<Arrival> = []
    for (;;) {
      const { arrivals, total } = yield* slice(taken, sliceSize)
      for (const arrival of arrivals) all.push(arrival)
      taken += arrivals.length
      if (taken >= total) return all
    }
  })

  return {
    urls: ports.map((port) => `http://127.0.0.1:${port}/hooks`),
    total: Effect.map(slice(0, 0), ({ total }) => total),
    news
  } satisfies Recorder
})
