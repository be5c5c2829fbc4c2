import {
  Array as Arr,
  Cause,
  Deferred,
  Effect,
  Exit,
  Fiber,
  Latch,
  Option,
  Queue,
  Result,
  type Scope,
  Semaphore
} from "effect"
import { SqlClient, SqlError } from "effect/sql"
import { Topology } from "../Sql.ts"

/**
 * Writes that share transactions. Whatever waits when a committer becomes free is one batch, so a lone request
 * pays no delay and a crowd pays one commit.
 *
 * Both methods die inside a transaction of the caller: its rollback would not undo the item, and on a single
 * connection the answer would wait for the caller and the caller for the answer. Both wait their turn while
 * 10,000 items or 32 MiB of them are on their way to the disk.
 */
export interface GroupCommit<in A, out B, out E> {
  /**
   * Answers after the commit that holds the item; dies when the database refuses it. Interrupting the caller does
   * not take the item back.
   */
  readonly ask: (item: A) => Effect.Effect<B, E>
  /** Returns once the item is queued; `settled` is called after its commit, or with why there was none. */
  readonly push: (item: A, settled: (exit: Exit.Exit<B, E>) => void) => Effect.Effect<void>
}

/** How a group commit works. */
export interface Options<A, B, E, R> {
  /** Names its spans and defects. */
  readonly name: string
  /** Most items of one transaction. Default 200. */
  readonly maxBatch?: number
  /** Bytes that an item brings into a transaction, about. Default 0: items so small that counting them will do. */
  readonly weigh?: (item: A) => number
  /**
   * Writes the items inside a transaction of their own and answers one result for each, in their order. A failed
   * result undoes nothing. When the whole fails it is run again on each half, until every bad item fails alone.
   */
  readonly commit: (
    items: ReadonlyArray<A>
  ) => Effect.Effect<ReadonlyArray<Result.Result<B, E>>, SqlError.SqlError, R>
}

/** A batch ends with the item that brings it to this many bytes: one statement holds them all. */
export const maxBatchWeight = 4 * 1024 * 1024

/** What may be queued or on its way to the disk before callers have to wait. */
const capacity = { items: 10_000, weight: 8 * maxBatchWeight }

interface Entry<A, B, E> {
  readonly item: A
  readonly weight: number
  readonly settled: (exit: Exit.Exit<B, E>) => void
}

/** Starts the committers. Closing the scope refuses new items and commits what is queued. */
export const make: <A, B, E, R>(
  options: Options<A, B, E, R>
) => Effect.Effect<GroupCommit<A, B, E>, never, R | SqlClient.SqlClient | Topology | Scope.Scope> =
  Effect.fnUntraced(function* <A, B, E, R>(options: Options<A, B, E, R>) {
    type Batch = ReadonlyArray<Entry<A, B, E>>
    const { maxBatch = 200, name, weigh = () => 0 } = options
    const sql = yield* SqlClient.SqlClient
    const { committers } = yield* Topology
    const queue = yield* Queue.unbounded<Batch[number], Cause.Done>()
    const room = yield* Latch.make(true)
    const turn = yield* Semaphore.make(1)
    const load = { items: 0, weight: 0 }
    let waiting = 0

    const hasRoom = () => load.items < capacity.items && load.weight < capacity.weight

    const changeLoad = (items: number, weight: number) => {
      load.items += items
      load.weight += weight
      if (hasRoom()) room.openUnsafe()
      else room.closeUnsafe()
    }

    const transaction = (batch: Batch) =>
      Effect.suspend(() => options.commit(batch.map((entry) => entry.item))).pipe(
        Effect.tap((results) =>
          results.length === batch.length
            ? Effect.void
            : Effect.die(new Error(`${name}: ${results.length} results for ${batch.length} items`))
        ),
        sql.withTransaction,
        Effect.orDie,
        Effect.withSpan(name, { root: true, attributes: { "batch.size": batch.length } })
      )

    /** Answers every caller; what one of them makes of its answer concerns no other. */
    const settle = (batch: Batch, exitOf: (place: number) => Exit.Exit<B, E>) =>
      Effect.suspend(() => {
        const thrown = batch.flatMap(({ settled, weight }, place) => {
          changeLoad(-1, -weight)
          const called = Result.try(() => settled(exitOf(place)))
          return Result.isFailure(called) ? [called.failure] : []
        })
        return Effect.forEach(thrown, (error) => Effect.logError(`${name}: a caller's answer`, error), {
          discard: true
        })
      })

    const exitOf = (result: Result.Result<B, E> | undefined): Exit.Exit<B, E> =>
      result === undefined
        ? Exit.die(new Error(`${name}: no result`))
        : Result.match(result, { onFailure: Exit.fail, onSuccess: Exit.succeed })

    const commit = (batch: Batch, collisions = 0): Effect.Effect<void, never, R> =>
      Effect.matchCauseEffect(transaction(batch), {
        onSuccess: (results) => settle(batch, (place) => exitOf(results[place])),
        onFailure: (cause) => {
          const reasons = sqlReasons(cause)
          if (reasons.some(isCollision) && collisions < maxCollisions) return commit(batch, collisions + 1)
          if (batch.length === 1 || Cause.hasInterruptsOnly(cause) || reasons.includes("ConnectionError")) {
            return settle(batch, () => Exit.failCause(cause))
          }
          const [first, second] = Arr.splitAt(batch, batch.length >> 1)
          return Effect.andThen(commit(first), commit(second))
        }
      })

    /** Whatever waits now, as much as one transaction takes. */
    const nextBatch = Effect.map(Queue.take(queue), (first): Batch => {
      const batch = [first]
      let weight = first.weight
      while (batch.length < maxBatch && weight < maxBatchWeight) {
        const next = Queue.takeUnsafe(queue)
        if (next === undefined || Exit.isFailure(next)) break
        batch.push(next.value)
        weight += next.value.weight
      }
      return batch
    })

    const outsideTransaction = Effect.flatMap(Effect.serviceOption(sql.transactionService), (transaction) =>
      Option.isNone(transaction) ? Effect.void : Effect.die(new Error(`${name}: asked inside a transaction`))
    )

    const enter = (entry: Batch[number]) => {
      const entered = Queue.offerUnsafe(queue, entry)
      if (entered) changeLoad(1, entry.weight)
      return entered
    }

    const closed = Effect.die(new Error(`${name}: closed`))

    // One at a time, so that small items do not pass large ones by.
    const enterInTurn = (entry: Batch[number]) =>
      Effect.acquireUseRelease(
        Effect.sync(() => waiting++),
        () => turn.withPermit(Effect.map(room.await, () => enter(entry))),
        () => Effect.sync(() => waiting--)
      ).pipe(Effect.flatMap((entered) => (entered ? Effect.void : closed)))

    const push = (item: A, settled: Batch[number]["settled"]) =>
      Effect.andThen(
        outsideTransaction,
        Effect.suspend(() => {
          const entry = { item, weight: weigh(item), settled }
          if (waiting > 0 || !hasRoom()) return enterInTurn(entry)
          return enter(entry) ? Effect.void : closed
        })
      )

    const ask = (item: A) =>
      Effect.suspend(() => {
        const answer = Deferred.makeUnsafe<B, E>()
        const pushed = push(item, (exit) => void Deferred.doneUnsafe(answer, exit))
        return Effect.andThen(pushed, Deferred.await(answer))
      })

    yield* outsideTransaction
    const running = yield* nextBatch.pipe(
      Effect.flatMap((batch) => commit(batch)),
      Effect.forever({ disableYield: true }),
      Effect.catchTag("Done", () => Effect.void),
      Effect.forkDetach,
      Effect.replicateEffect(committers)
    )
    yield* Effect.addFinalizer(() => Effect.andThen(Queue.end(queue), Fiber.awaitAll(running)))

    return { ask, push }
  })

/** Two batches that met over the same rows; Postgres undid one of them whole, so it may simply run again. */
const isCollision = (reason: SqlError.SqlErrorReason["_tag"]) =>
  reason === "DeadlockError" || reason === "SerializationError"

const maxCollisions = 5

/**
 * What the database said. After a `ConnectionError` nobody knows whether the batch was committed, so it must not
 * run again.
 */
const sqlReasons = (cause: Cause.Cause<never>): ReadonlyArray<SqlError.SqlErrorReason["_tag"]> =>
  cause.reasons
    .filter(Cause.isDieReason)
    .flatMap(({ defect }) => (SqlError.isSqlError(defect) ? [defect.reason._tag] : []))
