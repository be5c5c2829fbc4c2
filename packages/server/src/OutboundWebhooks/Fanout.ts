import { EventId } from "@do-integrations/domain/Event"
import { OutboundWebhookId, patternsFor } from "@do-integrations/domain/Webhook/Outbound"
import { DateTime, Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { type Appended, Subscribers } from "../EventLog/Subscribers.ts"
import { newDeliveryId } from "../Ids.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { Wakeups } from "./Wakeups.ts"
import * as Column from "../Sql/Column.ts"

const Match = Schema.Struct({
  eventId: EventId,
  webhookId: OutboundWebhookId,
  /** Whose the endpoint is, and so the delivery: an event of a customer's may go to the tenant's own endpoint. */
  customerId: Schema.optionalKey(Schema.String),
  enabled: Schema.Boolean
})

/**
 * Gives every new event a delivery to each endpoint that takes it, in the transaction that writes the
 * event. A disabled endpoint's delivery is recorded as skipped, so that nothing vanishes.
 */
export const layer = Layer.effect(
  Subscribers,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const wakeups = yield* Wakeups
    const matchRows = rowsOf(Match)

    const match = (events: ReadonlyArray<Appended>) =>
      sql`
          SELECT event.id AS event_id, webhook.id AS webhook_id, webhook.customer_id, webhook.enabled
          FROM unnest(
            ${Column.text(events.map((event) => event.id))}, ${Column.text(events.map((event) => event.tenantId))},
            ${Column.text(events.map((event) => event.customerId ?? null))},
            ${Column.text(events.map((event) => patternsFor(event.type).join(" ")))}
          ) AS event(id, tenant_id, customer_id, patterns)
          JOIN outbound_webhooks AS webhook ON webhook.tenant_id = event.tenant_id
            AND (webhook.customer_id IS NULL OR webhook.customer_id = event.customer_id)
            AND webhook.event_types && string_to_array(event.patterns, ' ')`.pipe(Effect.flatMap(matchRows))

    const appended = Effect.fn("Fanout.appended")(function* (events: ReadonlyArray<Appended>) {
      const matches = yield* match(events)
      if (matches.length === 0) return
      const byId = new Map(events.map((event) => [event.id, event]))
      const rows = yield* Effect.forEach(matches, (match) =>
        Effect.map(newDeliveryId, (id) => ({ ...match, id, event: byId.get(match.eventId) }))
      )
      const now = yield* DateTime.nowAsDate
      yield* sql`
          INSERT INTO deliveries
            (id, tenant_id, customer_id, webhook_id, event_id, event_type, state, due_at, completed_at)
          SELECT id, tenant_id, customer_id, webhook_id, event_id, event_type,
            CASE WHEN enabled THEN 'pending' ELSE 'skipped' END,
            CASE WHEN enabled THEN ${now}::timestamptz END, CASE WHEN enabled THEN NULL ELSE ${now}::timestamptz END
          FROM unnest(
            ${Column.text(rows.map((row) => row.id))}, ${Column.text(rows.map((row) => row.event?.tenantId ?? null))},
            ${Column.text(rows.map((row) => row.customerId ?? null))},
            ${Column.text(rows.map((row) => row.webhookId))}, ${Column.text(rows.map((row) => row.eventId))},
            ${Column.text(rows.map((row) => row.event?.type ?? null))}, ${Column.boolean(rows.map((row) => row.enabled))}
          ) WITH ORDINALITY
            AS row(id, tenant_id, customer_id, webhook_id, event_id, event_type, enabled, place)
          ORDER BY place`
      yield* sql.afterCommit(
        wakeups.offer(new Set(rows.filter((row) => row.enabled).map((row) => row.webhookId)))
      )
    }, Effect.orDie)

    return Subscribers.of({ appended })
  })
)
