import { JobId, JobType } from "@do-integrations/domain/Job"
import { TenantId } from "@do-integrations/domain/Tenant"
import { type Cause, Clock, DateTime, Duration, Effect, Layer, Schema } from "effect"
import { Singleton } from "effect/cluster"
import { SqlClient } from "effect/sql"
import { Jobs } from "../Jobs.ts"
import * as Column from "../Sql/Column.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { UnitOfWork } from "../UnitOfWork.ts"
import { JobHandlers } from "./JobHandlers.ts"

/** How often jobs are looked for that other nodes made. */
const lookEvery = "3 seconds"

/** How long a job is left alone whose last batch failed. */
const restAfterFailure = Duration.seconds(10)

/** Batches of a job that fail one after the other before it is given up. */
const maxFailures = 10

const Running = Schema.Struct({
  id: JobId,
  type: JobType,
  tenantId: TenantId,
  subject: Schema.String,
  parameters: Schema.String,
  position: Schema.String
})

/**
 * Carries jobs on, a batch of rows in each transaction that also notes how far the job is: a process that dies
 * leaves nothing half done, and the next one goes on from there. Of each tenant's jobs the oldest has its turn,
 * so that nobody waits for the work of another. One whose batch fails is left alone for a while, in which the
 * next one has its turn, and given up when it fails again and again.
 */
const makeWork = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const handlers = yield* JobHandlers
  const unit = yield* UnitOfWork
  const ids = rowsOf(Schema.Struct({ id: JobId }))
  const runningRows = rowsOf(Running)

  const advance = Effect.fn("Jobs.advance")(
    function* (id: JobId) {
      const [job] = yield* sql`
        SELECT id, type, tenant_id, subject, parameters, position FROM jobs
        WHERE id = ${id} AND state = 'running' FOR UPDATE SKIP LOCKED`.pipe(Effect.flatMap(runningRows))
      if (job === undefined) return
      const { error, last, moved, state } = yield* handlers[job.type](job)
      const ended = state === "running" ? null : yield* DateTime.nowAsDate
      yield* sql`
        UPDATE jobs SET processed = processed + ${moved}::int, position = coalesce(${last ?? null}, position),
          state = ${state}, error = ${error ?? null}, completed_at = ${ended}, failures = 0
        WHERE id = ${id}`
    },
    unit.commit,
    Effect.orDie
  )

  // By itself: the transaction of the batch is undone.
  const fail = Effect.fn("Jobs.fail")(function* (id: JobId, cause: Cause.Cause<never>) {
    yield* Effect.logError("A job did not get on", cause, { job: id })
    const now = yield* DateTime.nowAsDate
    const last = sql`failures + 1 >= ${maxFailures}::int`
    yield* sql`
      UPDATE jobs SET failures = failures + 1, state = CASE WHEN ${last} THEN 'failed' ELSE state END,
        error = CASE WHEN ${last} THEN ${`It failed ${maxFailures} times in a row; the log of the service says why`} END,
        completed_at = CASE WHEN ${last} THEN ${now}::timestamptz END
      WHERE id = ${id} AND state = 'running'`
  }, Effect.orDie)

  /** When the jobs failed that are left alone. */
  const failedAt = new Map<JobId, number>()

  const oldest = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    for (const [id, at] of failedAt) if (now - at >= Duration.toMillis(restAfterFailure)) failedAt.delete(id)
    return yield* sql`
      SELECT DISTINCT ON (tenant_id) id FROM jobs
      WHERE state = 'running' AND id <> ALL(${Column.text([...failedAt.keys()])})
      ORDER BY tenant_id, id`.pipe(Effect.flatMap(ids))
  })

  const work = Effect.gen(function* () {
    while (true) {
      const running = yield* oldest
      if (running.length === 0) return
      for (const { id } of running) {
        yield* Effect.catchCause(
          advance(id),
          Effect.fnUntraced(function* (cause) {
            failedAt.set(id, yield* Clock.currentTimeMillis)
            yield* fail(id, cause)
          })
        )
      }
    }
  }).pipe(Effect.catchCause((cause) => Effect.logError("Looking for jobs failed", cause)))

  return { work }
})

/** Works on one node of the cluster, as soon as a job is made there. */
export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const jobs = yield* Jobs
    const { work } = yield* makeWork
    const rest = Effect.raceFirst(jobs.made, Effect.sleep(lookEvery))
    return Singleton.make("Jobs", Effect.forever(Effect.andThen(work, rest)))
  })
)
