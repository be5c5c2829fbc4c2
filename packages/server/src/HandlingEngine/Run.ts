import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { Clock, DateTime, Effect, FiberSet, Latch } from "effect"
import { SqlClient } from "effect/sql"
import type { Work } from "../OwnedWork.ts"
import { makeAttempt } from "./Attempt.ts"
import { Backlog } from "./Backlog.ts"
import { type ClaimedHandling, makeClaims } from "./Claims.ts"
import type { HandlingKey } from "./Handling.ts"
import { HandlingWakeups } from "./Wakeups.ts"
import { type HandledWebhook, makeLoadWebhook } from "./Webhook.ts"

/** Milliseconds for which an owner waits for more before it ends. */
const linger = 1000

/** Milliseconds for which an owner waits for a retry; the sweep knows what comes later. */
const near = 5000

/** How long a slot rests whose message could not even be settled, and an owner whose claim failed. */
const restAfterFailure = "1 second"

/** What of a removed webhook one statement cancels. */
const cancelSize = 1000

/** What is due to webhooks' routes, done by their owners. */
export const makeRun = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const attempt = yield* makeAttempt
  const { claim, load } = yield* makeClaims
  const loadWebhook = yield* makeLoadWebhook
  const wakeups = yield* HandlingWakeups

  const cancelSome = Effect.fnUntraced(function* (id: InboundWebhookId) {
    const now = yield* DateTime.nowAsDate
    const cancelled = yield* sql`
      UPDATE unhandled SET state = 'cancelled', due_at = NULL, completed_at = ${now}
      WHERE (message_id, route) IN (
        SELECT message_id, route FROM unhandled WHERE webhook_id = ${id} AND due_at IS NOT NULL LIMIT ${cancelSize})
      RETURNING 1 AS one`
    return cancelled.length
  }, Effect.orDie)

  /** What was to be done for a webhook that was removed. */
  const cancelAll = (id: InboundWebhookId) =>
    Effect.repeat(cancelSome(id), { while: (cancelled) => cancelled === cancelSize })

  const handle = Effect.fnUntraced(function* (webhook: HandledWebhook, key: HandlingKey) {
    const handling = yield* load(key)
    return handling === undefined ? Infinity : yield* attempt(webhook, handling)
  })

  const run = Effect.fn("HandlingEngine.run")(function* (id: InboundWebhookId, owned: () => boolean) {
    const signal = Latch.makeUnsafe()
    const backlog = new Backlog()
    const fork = yield* FiberSet.makeRuntime<never, void>()
    /** When the next of the retries is due that this run has seen, in unix milliseconds. */
    let retryAt = Infinity
    const detach = wakeups.attach(id, () => {
      backlog.more()
      signal.openUnsafe()
    })
    yield* Effect.addFinalizer(() => Effect.sync(detach))

    const begin = (webhook: HandledWebhook, one: ClaimedHandling) =>
      handle(webhook, one).pipe(
        Effect.map((at) => {
          retryAt = Math.min(retryAt, at)
        }),
        Effect.catchCause((cause) =>
          Effect.andThen(
            Effect.logError("A message could not be handled; it is tried again", cause),
            Effect.andThen(
              Effect.sleep(restAfterFailure),
              Effect.sync(() => backlog.more())
            )
          )
        ),
        Effect.ensuring(
          Effect.sync(() => {
            backlog.end(one)
            signal.openUnsafe()
          })
        ),
        fork
      )

    /** Claims more. Answers with the webhook as it is now. */
    const fill = (webhook: HandledWebhook): Effect.Effect<HandledWebhook | undefined> =>
      Effect.gen(function* () {
        const ordered = webhook.ordering !== undefined
        const next = backlog.next(webhook.concurrency, ordered)
        const { handlings, lastKey, revision } = yield* claim({ id, ...next })
        if (revision === webhook.revision) {
          backlog.add(handlings, next.limit, ordered, lastKey)
          return webhook
        }
        // What is under way ends under the old rules.
        backlog.restart()
        return yield* loadWebhook(id)
      }).pipe(
        Effect.catchCause((cause) =>
          Effect.logWarning("Claiming messages failed; it is tried again", cause).pipe(
            Effect.andThen(Effect.sleep(restAfterFailure)),
            Effect.map(() => {
              backlog.restart()
              return webhook
            })
          )
        )
      )

    let webhook: HandledWebhook | undefined = yield* loadWebhook(id)
    /** The rules by which what is under way began. */
    let shape = webhook?.ordering
    let idleSince: number | undefined
    while (webhook !== undefined) {
      signal.closeUnsafe()
      const now = yield* Clock.currentTimeMillis
      if (retryAt <= now) {
        retryAt = Infinity
        backlog.more()
      }
      if (!owned()) {
        // Who has it now is to be told, not this run.
        detach()
        backlog.clear()
        if (backlog.underWay === 0) return
        yield* signal.await
        continue
      }
      const reshaped = (webhook.ordering === undefined) !== (shape === undefined)
      if (reshaped && backlog.underWay > 0) {
        yield* signal.await
        continue
      }
      shape = webhook.ordering
      while (backlog.underWay < webhook.concurrency) {
        const next = backlog.take()
        if (next === undefined) break
        begin(webhook, next)
      }
      const free = backlog.size === 0 && backlog.underWay < webhook.concurrency
      if (free && !backlog.sawAll) {
        webhook = yield* fill(webhook)
        idleSince = undefined
        continue
      }
      if (backlog.underWay > 0) {
        idleSince = undefined
        yield* Effect.timeoutOption(signal.await, Math.max(1, Math.min(near, retryAt - now)))
        continue
      }
      idleSince ??= now
      const retry = retryAt - now
      if (now - idleSince >= linger && retry > near) return
      yield* Effect.timeoutOption(signal.await, Math.max(1, Math.min(linger, retry)))
    }
    yield* cancelAll(id)
    while (backlog.underWay > 0) {
      signal.closeUnsafe()
      yield* signal.await
    }
  }, Effect.scoped)

  return (id: InboundWebhookId): Work => ({ run: (owned) => run(id, owned) })
})
