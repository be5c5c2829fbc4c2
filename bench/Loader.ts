import { Effect, Redacted } from "effect"
import { now } from "./Monotonic.ts"
import * as Peer from "./Peer.ts"
import { Loaded } from "./Protocol.ts"
import type { Receiver } from "./Receiver.ts"
import { BenchFailure } from "./BenchFailure.ts"

/** How long what was accepted may take to arrive once the load has ended, in milliseconds. */
const grace = 2000

/** Where events are published. */
export interface Target {
  readonly url: string
  readonly key: Redacted.Redacted
}

/** How events are published. */
export interface Load {
  /** Milliseconds at the beginning that are not counted. */
  readonly warmUp: number
  /** Milliseconds that are counted. */
  readonly duration: number
  readonly connections: number
  /** Events a second, however they are answered; 0: as fast as they are answered and delivered. */
  readonly rate: number
  /** Events that may be on their way before the loader waits; for a load without a rate. */
  readonly backlog: number
}

/** Starts the loader's process, which ends with the scope. Answers with the way to run a load. */
export const start = Effect.fnUntraced(function* (receiver: Receiver) {
  const peer = yield* Peer.start("./processes/loader.ts", {})

  /** Tells the loader how many events have arrived, as long as it runs. */
  const relay = receiver.counts.pipe(
    Effect.flatMap(({ distinct }) => peer.tell({ _tag: "Delivered", count: distinct })),
    Effect.andThen(Effect.sleep("20 millis")),
    Effect.forever
  )

  /** Waits for what was accepted and has not arrived; answers how many were missing when the grace was over. */
  const missing = Effect.fnUntraced(function* (accepted: number) {
    const deadline = now() + grace
    for (;;) {
      const { distinct } = yield* receiver.counts
      if (distinct >= accepted) return 0
      if (now() > deadline) return accepted - distinct
      yield* Effect.sleep("20 millis")
    }
  })

  return Effect.fnUntraced(function* ({ key, url }: Target, load: Load) {
    const from = now() + load.warmUp
    const to = from + load.duration
    yield* receiver.reset({ mark: 0, from, to })
    const { backlog, connections, rate } = load
    const endpoints = receiver.urls.length
    const request = { url, key: Redacted.value(key), endpoints, connections, rate, backlog, from, to }
    const loaded = yield* Effect.raceFirst(peer.ask({ _tag: "Load", ...request }, Loaded), relay)
    if (loaded.failed > 0) {
      const problem = `${loaded.failed} events were refused, the first with: ${loaded.firstFailure}`
      return yield* new BenchFailure({ problem })
    }
    const left = yield* missing(loaded.accepted)
    const { inWindow } = yield* receiver.awaitDistinct(loaded.accepted)
    const seconds = load.duration / 1000
    return {
      accepted: loaded.accepted,
      /** Events a second: accepted in the counted time, and arrived in it. */
      published: loaded.inWindow / seconds,
      delivered: inWindow / seconds,
      left,
      latencies: yield* receiver.latencies
    }
  })
})
