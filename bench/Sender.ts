import { Effect, Redacted } from "effect"
import { BenchFailure } from "./BenchFailure.ts"
import { now } from "./Monotonic.ts"
import * as Peer from "./Peer.ts"
import { Sent } from "./Protocol.ts"

/** Where webhooks are sent to, and what they are signed with. */
export interface Target {
  readonly url: string
  readonly secret: Redacted.Redacted
}

/** How they are sent. */
export interface Load {
  /** Milliseconds at the beginning that are not counted. */
  readonly warmUp: number
  /** Milliseconds that are counted. */
  readonly duration: number
  /** Each sends its next message when the one before is answered. */
  readonly connections: number
}

/** Starts the sender's process, which ends with the scope. Answers with the way to send. */
export const start = Effect.gen(function* () {
  const peer = yield* Peer.start("./processes/sender.ts", {})

  return Effect.fnUntraced(function* ({ secret, url }: Target, { connections, duration, warmUp }: Load) {
    const from = now() + warmUp
    const request = { url, secret: Redacted.value(secret), connections, from, to: from + duration }
    const { accepted, failed, firstFailure, inWindow, latencies } = yield* peer.ask(request, Sent)
    if (failed > 0) {
      const problem = `${failed} messages were not taken, the first with: ${firstFailure}`
      return yield* new BenchFailure({ problem })
    }
    /** `rate` is requests a second. */
    return { accepted, rate: (1000 * inWindow) / duration, latencies }
  })
})
