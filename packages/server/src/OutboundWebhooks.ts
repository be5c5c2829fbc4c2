import type { Recovery, Resumption, WebhookTrigger } from "@do-integrations/domain/Api/Webhooks/Outbound"
import type { Identity } from "@do-integrations/domain/ApiKey"
import type { Job } from "@do-integrations/domain/Job"
import type { Page, PageQuery } from "@do-integrations/domain/Page"
import {
  type Conflict,
  type Forbidden,
  type IllegalTransition,
  NotFound,
  type Unprocessable
} from "@do-integrations/domain/Problem"
import type {
  Delivery,
  DeliveryDetail,
  DeliveryId,
  WebhookResult
} from "@do-integrations/domain/Webhook/Delivery"
import type {
  CreatedOutboundWebhook,
  NewOutboundWebhook,
  OutboundWebhook,
  OutboundWebhookId,
  OutboundWebhookPatch,
  Rotation,
  SigningSecrets
} from "@do-integrations/domain/Webhook/Outbound"
import type { WebhookStatistics } from "@do-integrations/domain/Webhook/Statistics"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { AuditLog } from "./AuditLog.ts"
import { makeCreate } from "./OutboundWebhooks/Create.ts"
import { makeDeliveries } from "./OutboundWebhooks/Deliveries.ts"
import type { DeliveryFilter } from "./OutboundWebhooks/DeliveryPages.ts"
import { makeRecovery } from "./OutboundWebhooks/Recovery.ts"
import { makeRedelivery } from "./OutboundWebhooks/Redelivery.ts"
import { makeRotation } from "./OutboundWebhooks/Rotation.ts"
import { makeStanding } from "./OutboundWebhooks/Standing.ts"
import { makeStatistics, type Span } from "./OutboundWebhooks/Statistics.ts"
import { makeStore } from "./OutboundWebhooks/Store.ts"
import { makeTrigger } from "./OutboundWebhooks/Trigger.ts"
import { makeUpdate } from "./OutboundWebhooks/Update.ts"
import { visibleTo } from "./Sql/Visible.ts"
import { UnitOfWork } from "./UnitOfWork.ts"

/** Endpoints of tenants and their customers that events are delivered to. */
export class OutboundWebhooks extends Context.Service<
  OutboundWebhooks,
  {
    /** The answer shows the signing secret. */
    create(
      caller: Identity,
      webhook: NewOutboundWebhook
    ): Effect.Effect<CreatedOutboundWebhook, Forbidden | Unprocessable>
    get(caller: Identity, id: OutboundWebhookId): Effect.Effect<OutboundWebhook, NotFound>
    /** Those of these ids that the caller may see. */
    byIds(caller: Identity, ids: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<OutboundWebhook>>
    /** `null` takes away what may be left out. */
    update(
      caller: Identity,
      id: OutboundWebhookId,
      patch: OutboundWebhookPatch
    ): Effect.Effect<OutboundWebhook, NotFound | Conflict | Unprocessable>
    /** What was on its way is recorded as skipped. */
    remove(caller: Identity, id: OutboundWebhookId): Effect.Effect<void, NotFound>
    /** Nothing is delivered from now on; what comes is recorded as skipped. */
    pause(
      caller: Identity,
      id: OutboundWebhookId
    ): Effect.Effect<OutboundWebhook, NotFound | Conflict | IllegalTransition>
    /** With `recoverSince`, what was skipped since then is delivered: by a job, or where there is an order at once. */
    resume(
      caller: Identity,
      id: OutboundWebhookId,
      resumption: typeof Resumption.Type
    ): Effect.Effect<OutboundWebhook, NotFound | Conflict | IllegalTransition>
    /** What deliveries are signed with; the audit log tells who looked. */
    secrets(caller: Identity, id: OutboundWebhookId): Effect.Effect<SigningSecrets, NotFound>
    /** Replaces the secret; the old one signs beside the new one for a while. */
    rotateSecret(
      caller: Identity,
      id: OutboundWebhookId,
      rotation: typeof Rotation.Type
    ): Effect.Effect<SigningSecrets, NotFound | Conflict | Unprocessable>
    /** Publishes an event to this endpoint alone; with a `key` once in 24 hours. `hurry` ends the waiting. */
    trigger(
      caller: Identity,
      id: OutboundWebhookId,
      trigger: typeof WebhookTrigger.Type,
      options: { readonly key: string | undefined; readonly hurry: Effect.Effect<void> }
    ): Effect.Effect<
      { readonly result: WebhookResult; readonly replayed: boolean },
      NotFound | Forbidden | Unprocessable
    >
    /** Sends `endpoint.test`. `hurry` ends the waiting. */
    test(
      caller: Identity,
      id: OutboundWebhookId,
      hurry: Effect.Effect<void>
    ): Effect.Effect<WebhookResult, NotFound>
    /** Has what was not delivered delivered again, by a job. */
    recover(
      caller: Identity,
      id: OutboundWebhookId,
      recovery: typeof Recovery.Type
    ): Effect.Effect<Job, NotFound | Unprocessable>
    /** Cancels what is on its way now, by a job. */
    cancelDeliveries(caller: Identity, id: OutboundWebhookId): Effect.Effect<Job, NotFound>
    statistics(
      caller: Identity,
      id: OutboundWebhookId,
      span: Span
    ): Effect.Effect<WebhookStatistics, NotFound | Unprocessable>
    /** Newest first. */
    deliveries(
      caller: Identity,
      query: PageQuery & DeliveryFilter
    ): Effect.Effect<Page<Delivery>, Unprocessable>
    /** One delivery with every attempt. */
    delivery(caller: Identity, id: DeliveryId): Effect.Effect<DeliveryDetail, NotFound>
    /** Delivers again, whatever became of it; the retries begin anew. */
    retryDelivery(caller: Identity, id: DeliveryId): Effect.Effect<Delivery, NotFound | Unprocessable>
    /** Ends what is still on its way, or holds up its order. */
    cancelDelivery(caller: Identity, id: DeliveryId): Effect.Effect<Delivery, NotFound | Conflict>
  }
>()("@do-integrations/server/OutboundWebhooks") {
  static readonly layer = Layer.effect(
    OutboundWebhooks,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const audit = yield* AuditLog
      const deliveries = yield* makeDeliveries
      const recovery = yield* makeRecovery
      const redelivery = yield* makeRedelivery
      const rotation = yield* makeRotation
      const standing = yield* makeStanding
      const store = yield* makeStore
      const unit = yield* UnitOfWork

      const remove = Effect.fn("OutboundWebhooks.remove")(function* (
        caller: Identity,
        id: OutboundWebhookId
      ) {
        const removed = yield* sql`
          DELETE FROM outbound_webhooks WHERE id = ${id} AND ${visibleTo(sql, caller)} RETURNING id`.pipe(
          Effect.orDie
        )
        if (removed.length === 0) return yield* new NotFound()
        yield* deliveries.skipAll(id)
        yield* Effect.orDie(sql`DELETE FROM delivery_statistics WHERE webhook_id = ${id}`)
        const { keyId, tenantId } = caller
        yield* audit.record({ tenantId, actor: keyId, action: "outbound_webhook.removed", target: id })
      }, unit.commit)

      return OutboundWebhooks.of({
        create: yield* makeCreate,
        get: store.get,
        byIds: store.byIds,
        update: yield* makeUpdate,
        remove,
        pause: standing.pause,
        resume: standing.resume,
        secrets: rotation.disclose,
        rotateSecret: rotation.rotate,
        ...(yield* makeTrigger),
        recover: recovery.recover,
        cancelDeliveries: recovery.cancelAll,
        statistics: yield* makeStatistics,
        deliveries: deliveries.list,
        delivery: deliveries.detail,
        retryDelivery: redelivery.retry,
        cancelDelivery: redelivery.cancel
      })
    })
  )
}
