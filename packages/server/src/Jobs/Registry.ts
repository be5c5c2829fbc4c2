import { Effect, Layer } from "effect"
import { makeReplayJob } from "../InboundWebhooks/ReplayJob.ts"
import { makeBulkMove } from "../OutboundWebhooks/BulkMoves.ts"
import { JobHandlers } from "./JobHandlers.ts"

/** Who carries on the jobs of each type. */
export const layer = Layer.effect(
  JobHandlers,
  Effect.gen(function* () {
    const move = yield* makeBulkMove
    return { recover_deliveries: move, cancel_deliveries: move, replay_messages: yield* makeReplayJob }
  })
)
