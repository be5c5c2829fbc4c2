import { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { DateTime, Effect, FiberSet, Layer, Schedule, Schema } from "effect"
import { Entity, Sharding, Singleton } from "effect/cluster"
import { Rpc } from "effect/rpc"
import { SqlClient } from "effect/sql"
import { rowsOf } from "../Sql/Rows.ts"
import { Drain } from "./Drain.ts"
import { type Hint, Wakeups } from "./Wakeups.ts"

/** How often deliveries are looked for whose owner was never woken: retries, and what a crash left. */
export const sweepSchedule = Schedule.spaced("1 second")

/** How long a wake-up may take, the time in which another node takes over included. */
const patience = "15 seconds"

/** Endpoints that one sweep wakes. */
const sweepSize = 1000

/** The owner of one outbound endpoint: the only one in the cluster that delivers to it. */
const Owner = Entity.make("OutboundWebhook", [
  Rpc.make("Wake", { payload: { hint: Schema.Literals(["work", "change"]) } })
])

/**
 * Drains inside the handler: work forked from it would be taken for idleness. Wake-ups that come meanwhile
 * make it look once more and return at once.
 */
const OwnerLive = Owner.toLayer(
  Effect.gen(function* () {
    const drain = yield* Drain
    const wakeups = yield* Wakeups
    const sharding = yield* Sharding.Sharding
    const { entityId, shardId } = yield* Entity.CurrentAddress
    const id = yield* Effect.orDie(Schema.decodeUnknownEffect(OutboundWebhookId)(entityId))
    // Neither when the node stops nor when the shard goes to another one.
    const owned = () => sharding.hasShardId(shardId)
    const endpoint = drain.make(id)
    let draining = false
    let again = false
    const drainAll = Effect.gen(function* () {
      do {
        again = false
        yield* endpoint.run(owned)
      } while (again && owned())
    })
    return Owner.of({
      Wake: ({ payload: { hint } }) =>
        Effect.suspend(() => {
          again = true
          if (draining) return wakeups.tell(id, hint)
          draining = true
          return Effect.ensuring(
            drainAll,
            Effect.sync(() => {
              draining = false
            })
          )
        })
    })
  }),
  { maxIdleTime: "10 seconds", concurrency: "unbounded", disableFatalDefects: true }
)

/**
 * Wakes the owners of endpoints that a commit on this node gave work to, each by itself: one whose node has
 * just died holds up no other.
 */
const Dispatcher = Layer.effectDiscard(
  Effect.gen(function* () {
    const wakeups = yield* Wakeups
    const owner = yield* Owner.client
    const waking = yield* FiberSet.make()
    const wake = ([id, hint]: readonly [OutboundWebhookId, Hint]) =>
      owner(id)
        .Wake({ hint }, { discard: true })
        .pipe(
          Effect.timeout(patience),
          Effect.catchCause((cause) =>
            Effect.logWarning("Waking an endpoint failed; the sweep finds it", cause)
          ),
          FiberSet.run(waking)
        )
    yield* wakeups.take.pipe(
      Effect.flatMap(Effect.forEach(wake, { discard: true })),
      Effect.forever,
      Effect.forkScoped
    )
  })
)

/** One node of the cluster looks for due deliveries that nobody was woken for. */
const Sweep = Layer.unwrap(
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const wakeups = yield* Wakeups
    const ids = rowsOf(Schema.Struct({ webhookId: OutboundWebhookId }))
    // Where a sweep that found its fill ended, so that the endpoints after it have their turn.
    let after = ""
    const sweep = Effect.gen(function* () {
      const now = yield* DateTime.nowAsDate
      // From endpoint to endpoint along the index, however many deliveries of one are waiting.
      const due = yield* sql`
        WITH RECURSIVE first AS (
          (SELECT webhook_id, due_at FROM undelivered WHERE webhook_id > ${after} AND due_at IS NOT NULL
            ORDER BY webhook_id, due_at LIMIT 1)
          UNION ALL
          SELECT next.* FROM first CROSS JOIN LATERAL (
            SELECT webhook_id, due_at FROM undelivered
            WHERE webhook_id > first.webhook_id AND due_at IS NOT NULL
            ORDER BY webhook_id, due_at LIMIT 1) AS next)
        SELECT first.webhook_id FROM first
        LEFT JOIN outbound_webhooks AS webhook ON webhook.id = first.webhook_id
        WHERE first.due_at <= ${now} AND (webhook.hold_until IS NULL OR webhook.hold_until <= ${now})
        LIMIT ${sweepSize}`.pipe(Effect.flatMap(ids))
      after = due.length < sweepSize ? "" : (due.at(-1)?.webhookId ?? "")
      if (due.length > 0)
        yield* wakeups.offer(
          due.map((row) => row.webhookId),
          "work"
        )
    }).pipe(Effect.catchCause((cause) => Effect.logError("Looking for due deliveries failed", cause)))
    return Singleton.make("DeliveryEngine.sweep", Effect.asVoid(Effect.repeat(sweep, sweepSchedule)))
  })
)

/** Everything that delivers, on this node and as part of the cluster. */
export const layer = Layer.mergeAll(OwnerLive, Dispatcher, Sweep)
