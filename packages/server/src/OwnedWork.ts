import { DateTime, Effect, FiberSet, Layer, Schedule, Schema } from "effect"
import { Entity, Sharding, Singleton } from "effect/cluster"
import { Rpc } from "effect/rpc"
import type { SqlClient, SqlError } from "effect/sql"

/** How often work is looked for whose owner was never woken: retries, and what a crash left. */
export const sweepSchedule = Schedule.spaced("1 second")

/** How long a wake-up may take, the time in which another node takes over included. */
const patience = "15 seconds"

/** Owners that one sweep wakes. */
const sweepSize = 1000

/** One owner's work. What it knows lasts as long as it is in memory. */
export interface Work {
  /**
   * Does what is due until nothing is. Once it is no longer `owned`, what is under way is finished and nothing more
   * is begun.
   */
  run(owned: () => boolean): Effect.Effect<void>
}

/** A kind of work that is shared out by the ids of what it is done for, each with one owner in the cluster. */
export interface Options<Id extends string, Hint extends string> {
  /** What the owner is called in the cluster. */
  readonly entity: string
  readonly id: Schema.Codec<Id, string>
  /** What owners may be told. */
  readonly hint: Schema.Codec<Hint, string>
  /** What the sweep tells them. */
  readonly due: Hint
  /** The work of one owner. */
  readonly make: (id: Id) => Work
  readonly wakeups: {
    /** Tells these owners, or has them woken. */
    offer(ids: ReadonlyArray<Id>, hint: Hint): Effect.Effect<void>
    /** Tells an owner that is at work on this node, and nobody else. */
    tell(id: Id, hint: Hint): Effect.Effect<void>
    /** Waits until there are owners to wake, and takes all there are, each once. */
    readonly take: Effect.Effect<ReadonlyMap<Id, Hint>>
  }
  /** Those behind `after` that have something due, in their order, this many at most. */
  readonly dueAfter: (
    after: string,
    now: Date,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Id>, SqlError.SqlError>
}

/**
 * Everything that does such work, on this node and as part of the cluster: the owners, what wakes them after a commit
 * on this node, and one sweep in the cluster that finds what is due and nobody was woken for.
 */
export const layer = <Id extends string, Hint extends string>(options: Options<Id, Hint>) => {
  const { due, dueAfter, entity, make, wakeups } = options
  const Owner = Entity.make(entity, [Rpc.make("Wake", { payload: { hint: options.hint } })])
  const decodeId = Schema.decodeUnknownEffect(options.id)

  // Works inside the handler: work forked from it would be taken for idleness. Wake-ups that come meanwhile make it
  // look once more and return at once.
  const owners = Owner.toLayer(
    Effect.gen(function* () {
      const sharding = yield* Sharding.Sharding
      const { entityId, shardId } = yield* Entity.CurrentAddress
      const id = yield* Effect.orDie(decodeId(entityId))
      // Neither when the node stops nor when the shard goes to another one.
      const owned = () => sharding.hasShardId(shardId)
      const work = make(id)
      let working = false
      let again = false
      const workAll = Effect.gen(function* () {
        do {
          again = false
          yield* work.run(owned)
        } while (again && owned())
      })
      return Owner.of({
        Wake: ({ payload: { hint } }) =>
          Effect.suspend(() => {
            again = true
            if (working) return wakeups.tell(id, hint)
            working = true
            return Effect.ensuring(
              workAll,
              Effect.sync(() => {
                working = false
              })
            )
          })
      })
    }),
    { maxIdleTime: "10 seconds", concurrency: "unbounded", disableFatalDefects: true }
  )

  // Each is woken by itself: one whose node has just died holds up no other.
  const dispatcher = Layer.effectDiscard(
    Effect.gen(function* () {
      const owner = yield* Owner.client
      const waking = yield* FiberSet.make()
      const wake = ([id, hint]: readonly [Id, Hint]) =>
        owner(id)
          .Wake({ hint }, { discard: true })
          .pipe(
            Effect.timeout(patience),
            Effect.catchCause((cause) =>
              Effect.logWarning(`Waking an owner (${entity}) failed; the sweep finds it`, cause)
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

  const sweep = Layer.unwrap(
    Effect.sync(() => {
      // Where a sweep that found its fill ended, so that those after it have their turn.
      let after = ""
      const once = Effect.gen(function* () {
        const ids = yield* dueAfter(after, yield* DateTime.nowAsDate, sweepSize)
        after = ids.length < sweepSize ? "" : (ids.at(-1) ?? "")
        if (ids.length > 0) yield* wakeups.offer(ids, due)
      }).pipe(Effect.catchCause((cause) => Effect.logError(`Looking for due work (${entity}) failed`, cause)))
      return Singleton.make(`${entity}.sweep`, Effect.asVoid(Effect.repeat(once, sweepSchedule)))
    })
  )

  return Layer.mergeAll(owners, dispatcher, sweep)
}

/** For `WITH RECURSIVE`: `first`, the first row of each owner behind `after` in a table of what is not done yet. */
export const firstDue = (sql: SqlClient.SqlClient, table: "undelivered" | "unhandled", after: string) =>
  // From owner to owner along the index, however many rows of one are waiting.
  sql`
    first AS (
      (SELECT webhook_id, due_at FROM ${sql(table)} WHERE webhook_id > ${after} AND due_at IS NOT NULL
        ORDER BY webhook_id, due_at LIMIT 1)
      UNION ALL
      SELECT next.* FROM first CROSS JOIN LATERAL (
        SELECT webhook_id, due_at FROM ${sql(table)}
        WHERE webhook_id > first.webhook_id AND due_at IS NOT NULL
        ORDER BY webhook_id, due_at LIMIT 1) AS next)`
