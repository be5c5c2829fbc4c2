import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { Clock, Effect, FiberSet, Latch } from "effect"
import { SqlClient } from "effect/sql"
import type { Work } from "../OwnedWork.ts"
import { makeAttempt } from "./Attempt.ts"
import { makeClaims } from "./Claims.ts"
import type { HandlingKey } from "./Handling.ts"
import { HandlingWakeups } from "./Wakeups.ts"
import { type HandledWebhook, makeLoadWebhook } from "./Webhook.ts"

/** Milliseconds for which an owner waits for more before it ends. */
const linger = 1000

/** Milliseconds for which an owner waits for a retry; the sweep knows what comes later. */
const near = 5000

/** How long a slot rests whose message could not even be settled. */
const restAfterFailure = "1 second"

const nameOf = ({ messageId, route }: HandlingKey) => `${messageId} ${route}`

/** What the owner of a webhook has before it. What is claimed or under way is in `known`, and is not claimed twice. */
class Backlog {
  readonly #known = new Set<string>()
  readonly #queue: Array<HandlingKey> = []
  underWay = 0
  /** The last claim found nothing that is not here. */
  sawAll = false
  /** When the next of the retries is due that this owner has seen, in unix milliseconds. */
  retryAt = Infinity

  get size() {
    return this.#queue.length
  }

  /** How much a claim asks for: twice what may go at a time, beside what it will find again. */
  wanted(concurrency: number) {
    return 2 * concurrency + this.#known.size
  }

  add(handlings: ReadonlyArray<HandlingKey>, wanted: number) {
    for (const handling of handlings) {
      const name = nameOf(handling)
      if (this.#known.has(name)) continue
      this.#known.add(name)
      this.#queue.push(handling)
    }
    this.sawAll = handlings.length < wanted
  }

  take() {
    const next = this.#queue.shift()
    if (next !== undefined) this.underWay += 1
    return next
  }

  end(handling: HandlingKey, retryAt: number) {
    this.underWay -= 1
    this.#known.delete(nameOf(handling))
    this.retryAt = Math.min(this.retryAt, retryAt)
  }

  /** Forgets what has not begun. */
  clear() {
    for (const handling of this.#queue.splice(0)) this.#known.delete(nameOf(handling))
  }
}

/** What is due to webhooks' routes, done by their owners. */
export const makeRun = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const attempt = yield* makeAttempt
  const { claim, load } = yield* makeClaims
  const loadWebhook = yield* makeLoadWebhook
  const wakeups = yield* HandlingWakeups

  /** What was to be done for a webhook that was removed. */
  const cancelAll = (id: InboundWebhookId) =>
    Effect.orDie(sql`
      UPDATE unhandled SET state = 'cancelled', due_at = NULL, completed_at = now()
      WHERE webhook_id = ${id} AND due_at IS NOT NULL`)

  const handle = Effect.fnUntraced(function* (webhook: HandledWebhook, key: HandlingKey) {
    const handling = yield* load(key)
    return handling === undefined ? Infinity : yield* attempt(webhook, handling)
  })

  const run = Effect.fn("HandlingEngine.run")(function* (id: InboundWebhookId, owned: () => boolean) {
    const signal = Latch.makeUnsafe()
    const backlog = new Backlog()
    const fork = yield* FiberSet.makeRuntime<never, void>()
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        wakeups.attach(id, () => {
          backlog.sawAll = false
          signal.openUnsafe()
        })
      ),
      (detach) => Effect.sync(detach)
    )

    const begin = (webhook: HandledWebhook, key: HandlingKey) => {
      let retryAt = Infinity
      return fork(
        handle(webhook, key).pipe(
          Effect.map((at) => {
            retryAt = at
          }),
          Effect.catchCause((cause) =>
            Effect.andThen(
              Effect.logError("A message could not be handled; it is tried again", cause),
              Effect.sleep(restAfterFailure)
            )
          ),
          Effect.ensuring(
            Effect.sync(() => {
              backlog.end(key, retryAt)
              // What stood behind it in its order may go now.
              if (webhook.ordering !== undefined) backlog.sawAll = false
              signal.openUnsafe()
            })
          )
        )
      )
    }

    let webhook = yield* loadWebhook(id)
    let idleSince: number | undefined
    while (webhook !== undefined) {
      signal.closeUnsafe()
      const now = yield* Clock.currentTimeMillis
      if (backlog.retryAt <= now) {
        backlog.retryAt = Infinity
        backlog.sawAll = false
      }
      if (!owned()) backlog.clear()
      while (owned() && backlog.underWay < webhook.concurrency) {
        const next = backlog.take()
        if (next === undefined) break
        begin(webhook, next)
      }
      const room = backlog.size === 0 && backlog.underWay < webhook.concurrency
      if (owned() && room && !backlog.sawAll) {
        const wanted = backlog.wanted(webhook.concurrency)
        // What comes while it is looked for may not be in the answer.
        backlog.sawAll = true
        const claimed = yield* claim(id, webhook.ordering !== undefined, wanted)
        const told = !backlog.sawAll
        if (claimed.revision !== webhook.revision) webhook = yield* loadWebhook(id)
        backlog.add(claimed.handlings, wanted)
        if (told) backlog.sawAll = false
        idleSince = undefined
        continue
      }
      if (backlog.underWay > 0) {
        idleSince = undefined
        yield* Effect.timeoutOption(signal.await, Math.max(1, Math.min(near, backlog.retryAt - now)))
        continue
      }
      if (!owned()) return
      idleSince ??= now
      const retry = backlog.retryAt - now
      if (now - idleSince >= linger && retry > near) return
      yield* Effect.timeoutOption(signal.await, Math.max(1, Math.min(linger, retry)))
    }
    yield* cancelAll(id)
  }, Effect.scoped)

  return (id: InboundWebhookId): Work => ({ run: (owned) => run(id, owned) })
})
