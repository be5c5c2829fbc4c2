import { TenantId } from "@do-integrations/domain/Tenant"
import { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { MessageId } from "@do-integrations/domain/Webhook/Inbound/Message"
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import type { HandlingWakeups } from "../HandlingEngine/Wakeups.ts"
import type { Batch, JobHandler, Progress } from "../Jobs/JobHandlers.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { makeReplaying } from "./Replaying.ts"
import { makeReplayRange } from "./ReplayRange.ts"
import { ReplayTaskText } from "./ReplayTask.ts"

/** Messages that one transaction of a job goes over. */
const batchSize = 500

const Task = Schema.Struct({
  tenantId: TenantId,
  subject: InboundWebhookId,
  parameters: ReplayTaskText,
  /** The last message that it went over. */
  position: Schema.String
})
const decodeTask = Schema.decodeUnknownEffect(Task)

/** Has the next messages of a job handled once more, in the caller's transaction. */
export const makeReplayJob: Effect.Effect<JobHandler, never, SqlClient.SqlClient | HandlingWakeups> =
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const replaying = yield* makeReplaying
    const range = yield* makeReplayRange
    const idRows = rowsOf(Schema.Struct({ id: MessageId }))

    return Effect.fnUntraced(function* (progress: Progress): Effect.fn.Return<Batch, Schema.SchemaError> {
      const { parameters, position, subject, tenantId } = yield* decodeTask(progress)
      const routing = yield* replaying.routing(subject)
      if (routing === undefined) return { moved: 0, state: "failed", error: "The webhook was removed" }
      const next = yield* sql`
        SELECT id FROM (${range(subject, parameters)}) AS range WHERE id > ${position}
        ORDER BY id LIMIT ${batchSize}`.pipe(Effect.flatMap(idRows), Effect.orDie)
      const ids = next.map(({ id }) => id)
      const heads = yield* replaying.heads(subject, ids)
      const moved = yield* replaying.replay(tenantId, subject, routing, heads, parameters)
      const all = moved === heads.length
      // Messages of the range may be gone meanwhile.
      const last = all ? ids.at(-1) : heads[moved - 1]?.id
      const state = all && ids.length < batchSize ? "completed" : "running"
      return { moved, state, ...(last === undefined ? {} : { last }) }
    }, Effect.orDie)
  })
