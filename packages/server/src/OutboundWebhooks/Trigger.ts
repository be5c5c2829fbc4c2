import type { WebhookTrigger } from "@do-integrations/domain/Api/Webhooks/Outbound"
import type { Identity } from "@do-integrations/domain/ApiKey"
import type { EventId } from "@do-integrations/domain/Event"
import { NotFound } from "@do-integrations/domain/Problem"
import { type Delivery, DeliveryId, WebhookResult } from "@do-integrations/domain/Webhook/Delivery"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Duration, Effect, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { AuditLog } from "../AuditLog.ts"
import { EventLog } from "../EventLog.ts"
import { newEventId } from "../Ids.ts"
import { idAt, longestCommit, timeOf } from "../Sql/Partitions.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { UnitOfWork } from "../UnitOfWork.ts"
import { makeDeliveries } from "./Deliveries.ts"
import { makeStore } from "./Store.ts"

/** How often a delivery is looked at while somebody waits for its first attempt. */
export const watchSchedule = Schedule.min([
  Schedule.exponential("20 millis", 1.5),
  Schedule.spaced("250 millis")
])

/** How much longer than an attempt may take a test waits for it. */
const testMargin = Duration.seconds(1)

const isTried = ({ attempts, completedAt }: Delivery) => attempts > 0 || completedAt !== undefined

/** Sends events to one endpoint alone, and waits for what comes of them. */
export const makeTrigger = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const deliveries = yield* makeDeliveries
  const events = yield* EventLog
  const store = yield* makeStore
  const unit = yield* UnitOfWork
  const ids = rowsOf(Schema.Struct({ id: DeliveryId }))

  const deliveryOf = Effect.fnUntraced(function* (webhookId: OutboundWebhookId, eventId: EventId) {
    // A delivery is made in the commit of its event.
    const at = timeOf(eventId)
    const [delivery] = yield* sql`
      SELECT id FROM deliveries WHERE webhook_id = ${webhookId} AND event_id = ${eventId}
        AND id >= ${idAt("dlv", at)} AND id < ${idAt("dlv", at + Duration.toMillis(longestCommit))}
      LIMIT 1`.pipe(Effect.flatMap(ids), Effect.orDie)
    // The webhook was removed in between.
    return delivery?.id ?? (yield* new NotFound())
  })

  const result = Effect.fnUntraced(function* (
    caller: Identity,
    webhookId: OutboundWebhookId,
    eventId: EventId,
    wait: Duration.Duration,
    hurry: Effect.Effect<void>
  ) {
    const deliveryId = yield* deliveryOf(webhookId, eventId)
    if (Duration.isPositive(wait)) {
      yield* deliveries
        .one(caller, deliveryId)
        .pipe(
          Effect.repeat({ schedule: watchSchedule, until: isTried }),
          Effect.timeoutOption(wait),
          Effect.raceFirst(hurry)
        )
    }
    const { attemptLog, state } = yield* deliveries.detail(caller, deliveryId)
    const attempt = attemptLog.at(-1)
    return new WebhookResult({
      webhookId,
      eventId,
      deliveryId,
      state,
      success: state === "succeeded",
      ...(attempt === undefined ? {} : { attempt })
    })
  })

  const trigger = Effect.fn("OutboundWebhooks.trigger")(function* (
    caller: Identity,
    id: OutboundWebhookId,
    { waitSeconds = 0, ...event }: typeof WebhookTrigger.Type,
    { hurry, key }: { readonly key: string | undefined; readonly hurry: Effect.Effect<void> }
  ) {
    const { customerId } = yield* store.get(caller, id)
    const published = yield* events.publish(caller, event, key, { id, customerId })
    const wait = Duration.seconds(waitSeconds)
    return {
      result: yield* result(caller, id, published.event.id, wait, hurry),
      replayed: published.replayed
    }
  })

  const test = Effect.fn("OutboundWebhooks.test")(function* (
    caller: Identity,
    id: OutboundWebhookId,
    hurry: Effect.Effect<void>
  ) {
    const { keyId, tenantId } = caller
    const { customerId, timeoutSeconds } = yield* store.get(caller, id)
    const eventId = yield* newEventId
    yield* unit.commit(
      Effect.gen(function* () {
        yield* events.record({
          id: eventId,
          type: "endpoint.test",
          data: { webhookId: id },
          tenantId,
          customerId,
          subject: id,
          only: id
        })
        yield* audit.record({ tenantId, actor: keyId, action: "outbound_webhook.tested", target: id })
      })
    )
    const wait = Duration.sum(Duration.seconds(timeoutSeconds), testMargin)
    return yield* result(caller, id, eventId, wait, hurry)
  })

  return { trigger, test }
})
