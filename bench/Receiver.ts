import { Effect } from "effect"
import { now } from "./Monotonic.ts"
import { BenchFailure } from "./BenchFailure.ts"
import * as Peer from "./Peer.ts"
import { Counts, Latencies, Listening } from "./Protocol.ts"

/** How long nothing may arrive before the benchmark gives up, in milliseconds. */
const patience = 60_000

/** The receiver's process. */
export interface Receiver {
  /** A URL for each endpoint, each a port of its own. */
  readonly urls: ReadonlyArray<string>
  /** Forgets everything; see `ReceiverRequest`. */
  readonly reset: (watch: {
    readonly mark: number
    readonly from: number
    readonly to: number
  }) => Effect.Effect<Counts, BenchFailure>
  readonly counts: Effect.Effect<Counts, BenchFailure>
  readonly latencies: Effect.Effect<Latencies, BenchFailure>
  /** Waits until this many have arrived; fails when nothing comes any more. */
  readonly awaitDistinct: (distinct: number) => Effect.Effect<Counts, BenchFailure>
}

/** Starts a receiver of so many endpoints; it ends with the scope. */
export const start = Effect.fnUntraced(function* (endpoints: number) {
  const peer = yield* Peer.start("./processes/receiver.ts", { args: [String(endpoints)] })
  const { ports } = yield* peer.hear(Listening)
  // It answers at once; an answer that nobody waits for any more would be taken for that of the next question.
  const ask: Peer.Peer["ask"] = (message, schema) => Effect.uninterruptible(peer.ask(message, schema))
  const counts = ask({ _tag: "Count" }, Counts)

  const awaitDistinct = Effect.fnUntraced(function* (distinct: number) {
    let last = { distinct: -1, at: now() }
    for (;;) {
      const current = yield* counts
      if (current.distinct >= distinct) return current
      if (current.distinct > last.distinct) last = { distinct: current.distinct, at: now() }
      else if (now() - last.at > patience) {
        return yield* new BenchFailure({ problem: `Only ${current.distinct} of ${distinct} arrived` })
      }
      yield* Effect.sleep("50 millis")
    }
  })

  return {
    urls: ports.map((port) => `http://127.0.0.1:${port}/hooks`),
    reset: (watch) => ask({ _tag: "Reset", ...watch }, Counts),
    counts,
    latencies: ask({ _tag: "Latencies" }, Latencies),
    awaitDistinct
  } satisfies Receiver
})
