import { Array as Arr, Cause, Deferred, Effect, Exit, Fiber, Option, Queue, type Scope } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import { Topology } from "../Sql.ts"

/**
 * Writes that share transactions. Whatever waits when a committer becomes free is one batch, so a lone request
 * pays no delay and a crowd pays one commit.
 *
 * Both methods die inside a transaction of the caller: its rollback would not undo the item, and on a single
 * connection the answer would wait for the caller and the caller for the answer.
 */
export interface GroupCommit<in A, out B, out E> {
  /** Answers after the commit that holds the item. Interrupting the caller does not take the item back. */
  readonly ask: (item: A) => Effect.Effect<B, E>
  /** Returns once the item is queued; `settled` is called after its commit, or with its failure. */
  readonly push: (item: A, settled: (exit: Exit.Exit<B, E>) => void) => Effect.Effect<void>
}

/** How a group commit works. */
export interface Options<A, B, E, R> {
  /** Names its spans and defects. */
  readonly name: string
  /** Committers that run at once; one keeps the order of the items. Default: what the database gains from. */
  readonly workers?: number
  /** Most items of one transaction. Default 200. */
  readonly maxBatch?: number
  /** Items that may wait before callers have to. Default 10,000. */
  readonly capacity?: number
  /**
   * Writes the items inside a transaction of their own and answers one result for each, in their order. When it
   * fails it is run again on each half, until every bad item fails alone.
   */
  readonly commit: (items: ReadonlyArray<A>) => Effect.Effect<ReadonlyArray<B>, E, R>
  /** Runs after each commit, its callers already answered. Keep it short: the committer waits for it. */
  readonly afterCommit?: (results: ReadonlyArray<B>) => Effect.Effect<void, never, R>
}

interface Entry<A, B, E> {
  readonly item: A
  readonly settled: (exit: Exit.Exit<B, E>) => void
}

/** Starts the committers. Closing the scope refuses new items and commits what is queued. */
export const make: <A, B, E, R>(
  options: Options<A, B, E, R>
) => Effect.Effect<
  GroupCommit<A, B, E | SqlError.SqlError>,
  never,
  R | SqlClient.SqlClient | Topology | Scope.Scope
> = Effect.fnUntraced(function* <A, B, E, R>(options: Options<A, B, E, R>) {
  type Batch = ReadonlyArray<Entry<A, B, E | SqlError.SqlError>>
  const { afterCommit, capacity = 10_000, maxBatch = 200, name } = options
  const sql = yield* SqlClient.SqlClient
  const workers = options.workers ?? (yield* Topology).committers
  const queue = yield* Queue.bounded<Batch[number], Cause.Done>(capacity)

  const transaction = (batch: Batch) =>
    Effect.suspend(() => options.commit(batch.map((entry) => entry.item))).pipe(
      Effect.tap((results) =>
        results.length === batch.length
          ? Effect.void
          : Effect.die(new Error(`${name}: ${results.length} results for ${batch.length} items`))
      ),
      sql.withTransaction,
      Effect.withSpan(name, { root: true, attributes: { "batch.size": batch.length } })
    )

  const settle = (entry: Batch[number], exit: Parameters<typeof entry.settled>[0]) =>
    Effect.ignoreCause(
      Effect.sync(() => entry.settled(exit)),
      { log: "Error", message: `${name}: a caller's answer` }
    )

  const commit = (batch: Batch, collisions = 0): Effect.Effect<void, never, R> =>
    Effect.matchCauseEffect(transaction(batch), {
      onSuccess: (results) =>
        Effect.forEach(Arr.zip(batch, results), ([entry, result]) => settle(entry, Exit.succeed(result)), {
          discard: true
        }).pipe(
          Effect.andThen(Effect.suspend(() => afterCommit?.(results) ?? Effect.void)),
          Effect.ignoreCause({ log: "Error", message: `${name}: after the commit` })
        ),
      onFailure: (cause) => {
        const reasons = sqlReasons(cause)
        if (reasons.some(isCollision) && collisions < maxCollisions) return commit(batch, collisions + 1)
        if (batch.length === 1 || Cause.hasInterruptsOnly(cause) || reasons.includes("ConnectionError")) {
          return Effect.forEach(batch, (entry) => settle(entry, Exit.failCause(cause)), { discard: true })
        }
        const [first, second] = Arr.splitAt(batch, batch.length >> 1)
        return Effect.andThen(commit(first), commit(second))
      }
    })

  const outsideTransaction = Effect.flatMap(Effect.serviceOption(sql.transactionService), (transaction) =>
    Option.isNone(transaction) ? Effect.void : Effect.die(new Error(`${name}: asked inside a transaction`))
  )

  const push = Effect.fnUntraced(function* (item: A, settled: Batch[number]["settled"]) {
    yield* outsideTransaction
    const queued = yield* Queue.offer(queue, { item, settled })
    if (!queued) return yield* Effect.die(new Error(`${name}: closed`))
  })

  const ask = Effect.fnUntraced(function* (item: A) {
    const answer = yield* Deferred.make<B, E | SqlError.SqlError>()
    yield* push(item, (exit) => void Deferred.doneUnsafe(answer, exit))
    return yield* Deferred.await(answer)
  })

  yield* outsideTransaction
  const committers = yield* Queue.takeBetween(queue, 1, maxBatch).pipe(
    Effect.flatMap((batch) => commit(batch)),
    Effect.forever({ disableYield: true }),
    Effect.catchTag("Done", () => Effect.void),
    Effect.forkDetach,
    Effect.replicateEffect(workers)
  )
  yield* Effect.addFinalizer(() => Effect.andThen(Queue.end(queue), Fiber.awaitAll(committers)))

  return { ask, push }
})

/** Two batches that met over the same rows; Postgres undid one of them whole, so it may simply run again. */
const isCollision = (reason: SqlError.SqlErrorReason["_tag"]) =>
  reason === "DeadlockError" || reason === "SerializationError"

const maxCollisions = 5

/**
 * What the database said, whether the failure is typed or a defect. After a `ConnectionError` nobody knows whether
 * the batch was committed, so it must not run again.
 */
const sqlReasons = (cause: Cause.Cause<unknown>): ReadonlyArray<SqlError.SqlErrorReason["_tag"]> =>
  cause.reasons.flatMap((reason) => {
    const error = Cause.isFailReason(reason)
      ? reason.error
      : Cause.isDieReason(reason)
        ? reason.defect
        : undefined
    return SqlError.isSqlError(error) ? [error.reason._tag] : []
  })
