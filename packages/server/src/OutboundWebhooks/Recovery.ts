import type { Recovery } from "@do-integrations/domain/Api/Webhooks/Outbound"
import type { Identity } from "@do-integrations/domain/ApiKey"
import type { OutboundWebhook, OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Clock, DateTime, Effect, Schema } from "effect"
import { SqlClient, type Statement } from "effect/sql"
import { AuditLog } from "../AuditLog.ts"
import { Jobs } from "../Jobs.ts"
import * as Column from "../Sql/Column.ts"
import { idAt } from "../Sql/Partitions.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { UnitOfWork } from "../UnitOfWork.ts"
import { type BulkMove, BulkMoveText } from "./BulkMove.ts"
import { newRound } from "./BulkMoves.ts"
import { notActive } from "./Receiving.ts"
import { makeStore, type StoredWebhook } from "./Store.ts"

/** What is recovered unless said otherwise. */
const recoveredStates = ["failed", "exhausted", "skipped"] as const

const encodeMove = Schema.encodeEffect(BulkMoveText)

type Subject = Pick<OutboundWebhook, "id" | "customerId">

/** Delivers again, or cancels, everything of an endpoint that a time and a state name: as a job. */
export const makeRecovery = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const jobs = yield* Jobs
  const store = yield* makeStore
  const unit = yield* UnitOfWork
  const counts = rowsOf(Schema.Struct({ total: Schema.Int }))

  const begin = Effect.fnUntraced(function* (
    { keyId, tenantId }: Identity,
    { customerId, id }: Subject,
    move: BulkMove,
    which: Statement.Fragment,
    entry: { readonly action: string; readonly details: { readonly [name: string]: Schema.Json } }
  ) {
    const [row] = yield* sql`
      SELECT count(*) AS total FROM undelivered
      WHERE tenant_id = ${tenantId} AND webhook_id = ${id} AND ${which}
        AND delivery_id >= ${move.from} AND delivery_id < ${move.to}`.pipe(
      Effect.flatMap(counts),
      Effect.orDie
    )
    const job = yield* jobs.start({
      tenantId,
      customerId,
      type: move.type,
      subject: id,
      parameters: yield* Effect.orDie(encodeMove(move)),
      total: row?.total ?? 0
    })
    yield* audit.record({
      tenantId,
      actor: keyId,
      action: entry.action,
      target: id,
      details: { ...entry.details, job: job.id }
    })
    return job
  })

  /** Makes the job in the caller's transaction. */
  const start = Effect.fnUntraced(function* (
    caller: Identity,
    webhook: Subject,
    { since, states = recoveredStates, until }: typeof Recovery.Type
  ) {
    const now = yield* Clock.currentTimeMillis
    const end = Math.min(until?.epochMilliseconds ?? Infinity, now + 1)
    const move: BulkMove = {
      type: "recover_deliveries",
      from: idAt("dlv", since.epochMilliseconds),
      to: idAt("dlv", end),
      states
    }
    const details = {
      since: DateTime.formatIso(since),
      ...(until === undefined ? {} : { until: DateTime.formatIso(until) }),
      states
    }
    const entry = { action: "outbound_webhook.recovery_started", details }
    return yield* begin(caller, webhook, move, sql`state = ANY(${Column.text(states)})`, entry)
  })

  /**
   * Moves what was skipped back in the caller's transaction, which has an endpoint with an order delivered to again:
   * what is published after it stands behind. Publishing waits only for the second look.
   */
  const restore = Effect.fnUntraced(function* ({ id, tenantId }: StoredWebhook, since: DateTime.Utc) {
    const now = yield* DateTime.nowAsDate
    const skipped = sql`
      UPDATE undelivered SET ${newRound(sql, now, true)}
      WHERE tenant_id = ${tenantId} AND webhook_id = ${id} AND state = 'skipped' AND completed_at IS NOT NULL
        AND delivery_id >= ${idAt("dlv", since.epochMilliseconds)}`
    yield* skipped
    // As whoever publishes does. What was being published during the first look is committed now.
    yield* sql`SELECT pg_advisory_xact_lock(hashtextextended(${id}, 0))`
    yield* skipped
  }, Effect.orDie)

  const recover = Effect.fn("OutboundWebhooks.recover")(function* (
    caller: Identity,
    id: OutboundWebhookId,
    recovery: typeof Recovery.Type
  ) {
    const webhook = yield* store.get(caller, id)
    if (webhook.status !== "active") return yield* notActive()
    return yield* start(caller, webhook, recovery)
  }, unit.commit)

  const cancelAll = Effect.fn("OutboundWebhooks.cancelDeliveries")(function* (
    caller: Identity,
    id: OutboundWebhookId
  ) {
    const webhook = yield* store.get(caller, id)
    const to = idAt("dlv", (yield* Clock.currentTimeMillis) + 1)
    const move: BulkMove = { type: "cancel_deliveries", from: "", to }
    const entry = { action: "outbound_webhook.cancellation_started", details: {} }
    return yield* begin(caller, webhook, move, sql`due_at IS NOT NULL`, entry)
  }, unit.commit)

  return { start, restore, recover, cancelAll }
})
