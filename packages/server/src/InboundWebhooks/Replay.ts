import type { MessageReplay, Replay } from "@do-integrations/domain/Api/Webhooks/Messages"
import type { Identity } from "@do-integrations/domain/ApiKey"
import { Conflict, Unprocessable } from "@do-integrations/domain/Problem"
import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import type { MessageId } from "@do-integrations/domain/Webhook/Inbound/Message"
import type { Route } from "@do-integrations/domain/Webhook/Inbound/Route"
import { Clock, DateTime, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { AuditLog } from "../AuditLog.ts"
import { Jobs } from "../Jobs.ts"
import { idAt } from "../Sql/Partitions.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { UnitOfWork } from "../UnitOfWork.ts"
import { makeMessages } from "./Messages.ts"
import { makeReplaying } from "./Replaying.ts"
import { makeReplayRange } from "./ReplayRange.ts"
import { type ReplayTask, ReplayTaskText } from "./ReplayTask.ts"
import { makeStore } from "./Store.ts"
import { makeUnhandled } from "./Unhandled.ts"

/** Where messages stand on the routes that replay them unless said otherwise. */
const replayedStates = ["unrouted", "dead"] as const

const encodeTask = Schema.encodeEffect(ReplayTaskText)

const checkNames = (names: ReadonlyArray<string> = [], routes: ReadonlyArray<Route>) => {
  const known = new Set<string>(routes.map(({ name }) => name))
  const message = "Expected the name of one of the webhook's routes"
  const errors = names.flatMap((name, index) =>
    known.has(name) ? [] : [{ path: ["payload", "routes", index], message }]
  )
  return errors.length === 0 ? Effect.void : Effect.fail(new Unprocessable({ errors }))
}

/** Has messages handled once more, one or all of a time, or ends what waits to be handled. */
export const makeReplay = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const jobs = yield* Jobs
  const messages = yield* makeMessages
  const range = yield* makeReplayRange
  const replaying = yield* makeReplaying
  const store = yield* makeStore
  const unhandled = yield* makeUnhandled
  const unit = yield* UnitOfWork
  const counts = rowsOf(Schema.Struct({ total: Schema.Int }))

  const replay = Effect.fn("InboundWebhooks.replay")(function* (
    caller: Identity,
    id: MessageId,
    { routes }: typeof MessageReplay.Type
  ) {
    const { keyId, tenantId } = caller
    const { webhookId } = yield* messages.one(caller, id)
    const routing = yield* replaying.routing(webhookId)
    if (routing === undefined) {
      return yield* new Conflict({
        detail: "The webhook was removed: no route is left to handle the message"
      })
    }
    yield* checkNames(routes, routing.routes)
    const heads = yield* replaying.heads(webhookId, [id])
    yield* replaying.replay(tenantId, webhookId, routing, heads, routes === undefined ? {} : { routes })
    const details = { webhookId, ...(routes === undefined ? {} : { routes }) }
    yield* audit.record({ tenantId, actor: keyId, action: "message.replayed", target: id, details })
    return yield* messages.detail(caller, id)
  }, unit.commit)

  const replayAll = Effect.fn("InboundWebhooks.replayAll")(function* (
    caller: Identity,
    id: InboundWebhookId,
    { since, states = replayedStates, until, ...choice }: typeof Replay.Type
  ) {
    const { keyId, tenantId } = caller
    const { customerId, routes } = yield* store.get(caller, id)
    yield* checkNames(choice.routes, routes)
    const now = yield* Clock.currentTimeMillis
    const task: ReplayTask = {
      from: idAt("msg", since.epochMilliseconds),
      to: idAt("msg", Math.min(until?.epochMilliseconds ?? Infinity, now + 1)),
      states,
      ...choice
    }
    const [count] = yield* sql`SELECT count(*) AS total FROM (${range(id, task)}) AS range`.pipe(
      Effect.flatMap(counts),
      Effect.orDie
    )
    const job = yield* jobs.start({
      tenantId,
      customerId,
      type: "replay_messages",
      subject: id,
      parameters: yield* Effect.orDie(encodeTask(task)),
      total: count?.total ?? 0
    })
    const details = {
      since: DateTime.formatIso(since),
      ...(until === undefined ? {} : { until: DateTime.formatIso(until) }),
      states,
      ...choice,
      job: job.id
    }
    const action = "inbound_webhook.replay_started"
    yield* audit.record({ tenantId, actor: keyId, action, target: id, details })
    return job
  }, unit.commit)

  const cancel = Effect.fn("InboundWebhooks.cancel")(function* (caller: Identity, id: MessageId) {
    const { keyId, tenantId } = caller
    const { webhookId } = yield* messages.one(caller, id)
    if ((yield* unhandled.cancel(webhookId, id)) === 0) {
      return yield* new Conflict({ detail: "The message has come to its end on all its routes already" })
    }
    const details = { webhookId }
    yield* audit.record({ tenantId, actor: keyId, action: "message.cancelled", target: id, details })
    return yield* messages.detail(caller, id)
  }, unit.commit)

  return { replay, replayAll, cancel }
})
