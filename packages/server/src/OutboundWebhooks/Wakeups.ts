import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Context, Effect, Layer, Queue } from "effect"

/**
 * The endpoints that have new work, on their way from a commit on this node to the endpoints' owners. Only a
 * hint: what is lost here is found by the sweep.
 */
export class Wakeups extends Context.Service<
  Wakeups,
  {
    offer(ids: Iterable<OutboundWebhookId>): Effect.Effect<void>
    /** Waits until there is at least one and takes all there are, each once. */
    readonly take: Effect.Effect<ReadonlySet<OutboundWebhookId>>
  }
>()("@do-integrations/server/OutboundWebhooks/Wakeups") {
  static readonly layer = Layer.effect(
    Wakeups,
    Effect.gen(function* () {
      const queue = yield* Queue.unbounded<OutboundWebhookId>()
      return Wakeups.of({
        offer: (ids) => Effect.asVoid(Queue.offerAll(queue, ids)),
        take: Effect.map(Queue.takeAll(queue), (ids) => new Set(ids))
      })
    })
  )
}
