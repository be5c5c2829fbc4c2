import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { Context, Effect, Latch, Layer } from "effect"

/** An owner that is at work on this node: told that there may be more to do. */
export type More = () => void

/**
 * The inbound webhooks that have new work, on their way from a commit on this node to the webhooks' owners. Only
 * hints: what is lost here is found by the sweep. `offer` is to be run after the commit, never inside a transaction.
 */
export class HandlingWakeups extends Context.Service<
  HandlingWakeups,
  {
    offer(ids: Iterable<InboundWebhookId>): Effect.Effect<void>
    /** Tells an owner that is at work on this node, and nobody else. */
    tell(id: InboundWebhookId): Effect.Effect<void>
    /** Waits until there are webhooks whose owner is not at work here, and takes all there are, each once. */
    readonly take: Effect.Effect<ReadonlyMap<InboundWebhookId, "work">>
    /** Tells an owner at work from now on; the answer ends that. */
    attach(id: InboundWebhookId, more: More): () => void
  }
>()("@do-integrations/server/HandlingEngine/Wakeups/HandlingWakeups") {
  static readonly layer = Layer.sync(HandlingWakeups, () => {
    const workers = new Map<InboundWebhookId, More>()
    const some = Latch.makeUnsafe()
    let waiting = new Map<InboundWebhookId, "work">()

    return HandlingWakeups.of({
      offer: (ids) =>
        Effect.sync(() => {
          for (const id of ids) {
            const more = workers.get(id)
            if (more !== undefined) more()
            else {
              waiting.set(id, "work")
              some.openUnsafe()
            }
          }
        }),
      tell: (id) => Effect.sync(() => workers.get(id)?.()),
      take: Effect.map(some.await, () => {
        const taken = waiting
        waiting = new Map()
        some.closeUnsafe()
        return taken
      }),
      attach: (id, more) => {
        workers.set(id, more)
        return () => {
          if (workers.get(id) === more) workers.delete(id)
        }
      }
    })
  })
}
