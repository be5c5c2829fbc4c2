import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Context, Effect, Latch, Layer } from "effect"
import type { ClaimedDelivery } from "./Claims.ts"

/** An owner that is at work on this node. */
export interface Worker {
  /** These deliveries have just been committed; none: some that have to be looked for. */
  more(deliveries: ReadonlyArray<ClaimedDelivery>): void
  /** The endpoint has changed, or what is due to it has been taken back. */
  look(): void
}

/** What an owner is told: `work`, there may be more to do; `change`, what it knows may no longer hold. */
export type Hint = "work" | "change"

/**
 * The endpoints that have new work, on their way from a commit on this node to the endpoints' owners. Only hints:
 * what is lost here is found by the sweep. All but `take` and `attach` are to be run after the commit, never inside a
 * transaction.
 */
export class Wakeups extends Context.Service<
  Wakeups,
  {
    offer(ids: Iterable<OutboundWebhookId>, hint?: Hint): Effect.Effect<void>
    /** Hands deliveries over that were just committed: an owner at work on this node need not look for them. */
    hand(deliveries: ReadonlyMap<OutboundWebhookId, ReadonlyArray<ClaimedDelivery>>): Effect.Effect<void>
    /** Tells an owner that is at work on this node, and nobody else. */
    tell(id: OutboundWebhookId, hint: Hint): Effect.Effect<void>
    /** Waits until there are endpoints whose owner is not at work here, and takes all there are, each once. */
    readonly take: Effect.Effect<ReadonlyMap<OutboundWebhookId, Hint>>
    /** Tells an owner at work from now on; the answer ends that. */
    attach(id: OutboundWebhookId, worker: Worker): () => void
  }
>()("@do-integrations/server/DeliveryEngine/Wakeups") {
  static readonly layer = Layer.sync(Wakeups, () => {
    const workers = new Map<OutboundWebhookId, Worker>()
    const some = Latch.makeUnsafe()
    let waiting = new Map<OutboundWebhookId, Hint>()

    const tell = (worker: Worker | undefined, hint: Hint) =>
      hint === "change" ? worker?.look() : worker?.more([])

    const queue = (id: OutboundWebhookId, hint: Hint) => {
      if (waiting.get(id) !== "change") waiting.set(id, hint)
      some.openUnsafe()
    }

    return Wakeups.of({
      offer: (ids, hint = "change") =>
        Effect.sync(() => {
          for (const id of ids) {
            const worker = workers.get(id)
            if (worker === undefined) queue(id, hint)
            else tell(worker, hint)
          }
        }),
      hand: (deliveries) =>
        Effect.sync(() => {
          for (const [id, ready] of deliveries) {
            const worker = workers.get(id)
            if (worker === undefined) queue(id, "work")
            else worker.more(ready)
          }
        }),
      tell: (id, hint) => Effect.sync(() => tell(workers.get(id), hint)),
      take: Effect.map(some.await, () => {
        const taken = waiting
        waiting = new Map()
        some.closeUnsafe()
        return taken
      }),
      attach: (id, worker) => {
        workers.set(id, worker)
        return () => {
          if (workers.get(id) === worker) workers.delete(id)
        }
      }
    })
  })
}
