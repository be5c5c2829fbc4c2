import type { Identity } from "@do-integrations/domain/ApiKey"
import { Job, type JobId, type JobType } from "@do-integrations/domain/Job"
import type { Page, PageQuery } from "@do-integrations/domain/Page"
import { NotFound } from "@do-integrations/domain/Problem"
import type { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import { Context, DateTime, Effect, Layer, Queue } from "effect"
import { SqlClient } from "effect/sql"
import { newJobId } from "./Ids.ts"
import { afterCursor, fetchLimit, toPage } from "./Sql/Paging.ts"
import { rowsOf } from "./Sql/Rows.ts"
import { visibleTo } from "./Sql/Visible.ts"

/** A job to make. */
export interface NewJob {
  readonly tenantId: TenantId
  readonly customerId?: CustomerId | undefined
  /** The id of what it is done to. */
  readonly subject: string
  readonly type: JobType
  /** What its handler needs to know besides. */
  readonly parameters: string
  /** Rows that there are to do. */
  readonly total: number
}

/** Work over many rows that goes on after the request that asked for it was answered. */
export class Jobs extends Context.Service<
  Jobs,
  {
    /** Makes a job in the caller's transaction; it begins once that has committed. */
    start(job: NewJob): Effect.Effect<Job>
    /** Newest first. */
    list(caller: Identity, query: PageQuery & { readonly subject?: string }): Effect.Effect<Page<Job>>
    get(caller: Identity, id: JobId): Effect.Effect<Job, NotFound>
    /** Waits until a job is made on this node. */
    readonly made: Effect.Effect<void>
  }
>()("@do-integrations/server/Jobs") {
  static readonly layer = Layer.effect(
    Jobs,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const made = yield* Queue.sliding<"made">(1)
      const rows = rowsOf(Job)
      const columns = sql.literal(
        "id, type, subject, customer_id, state, processed, total, error, created_at, completed_at"
      )

      const start = Effect.fn("Jobs.start")(function* (job: NewJob) {
        const { customerId, parameters, subject, tenantId, total, type } = job
        const id = yield* newJobId
        const createdAt = yield* DateTime.now
        yield* sql`
          INSERT INTO jobs (id, tenant_id, customer_id, type, subject, parameters, state, total, created_at)
          VALUES (${id}, ${tenantId}, ${customerId ?? null}, ${type}, ${subject},
            ${parameters}, 'running', ${total}, ${DateTime.toDateUtc(createdAt)})`
        yield* sql.afterCommit(Queue.offer(made, "made"))
        return new Job({
          id,
          type,
          subject,
          ...(customerId === undefined ? {} : { customerId }),
          state: "running",
          processed: 0,
          total,
          createdAt
        })
      }, Effect.orDie)

      const list = Effect.fn("Jobs.list")(function* (
        caller: Identity,
        query: PageQuery & { readonly subject?: string }
      ) {
        const about = query.subject === undefined ? sql`` : sql`AND subject = ${query.subject}`
        const found = yield* sql`
          SELECT ${columns} FROM jobs WHERE ${visibleTo(sql, caller)} ${about} ${afterCursor(sql, query)}
          ORDER BY id DESC LIMIT ${fetchLimit(query)}`
        return toPage(query, yield* rows(found), (job) => job.id)
      }, Effect.orDie)

      const get = Effect.fn("Jobs.get")(function* (caller: Identity, id: JobId) {
        const [job] = yield* sql`
          SELECT ${columns} FROM jobs WHERE id = ${id} AND ${visibleTo(sql, caller)}`.pipe(
          Effect.flatMap(rows),
          Effect.orDie
        )
        return job ?? (yield* new NotFound())
      })

      return Jobs.of({ start, list, get, made: Effect.asVoid(Queue.take(made)) })
    })
  )
}
