import type { DeliveryId } from "@do-integrations/domain/Webhook/Delivery"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { DateTime, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { type Appended, Subscribers } from "../EventLog/Subscribers.ts"
import { newDeliveryId } from "../Ids.ts"
import * as Column from "../Sql/Column.ts"
import type { ClaimedDelivery } from "./Claims.ts"
import { makeMatching, type Match } from "./Matching.ts"
import { Wakeups } from "./Wakeups.ts"

interface Row extends Match {
  readonly id: DeliveryId
}

/**
 * Gives every new event a delivery to each endpoint that takes it, in the transaction that writes the
 * event. The delivery of an endpoint that is not active is recorded as skipped, so that nothing vanishes.
 */
export const layer = Layer.effect(
  Subscribers,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const wakeups = yield* Wakeups
    const matching = yield* makeMatching

    // Whoever commits later must not have been numbered earlier: a delivery would come before one that is
    // not to be seen yet. Locks are taken in the order of the ids, so that two transactions do not embrace.
    const lockOrders = (matches: ReadonlyArray<Match>) => {
      const ordered = new Set(
        matches.flatMap(({ endpoint, orderingKey }) => (orderingKey === null ? [] : [endpoint.webhookId]))
      )
      return ordered.size === 0
        ? Effect.void
        : sql`
            SELECT pg_advisory_xact_lock(hashtextextended(id, 0))
            FROM unnest(${Column.text([...ordered].toSorted())}) AS endpoint(id)`
    }

    // An ordered endpoint may have been resumed while its lock was waited for: what comes now stands behind what
    // that has moved back, and is not skipped.
    const insert = (rows: ReadonlyArray<Row>, now: Date) =>
      sql<{ readonly id: string; readonly sequence: bigint }>`
        WITH row AS MATERIALIZED (
          SELECT *, nextval('delivery_sequence') AS sequence, CASE WHEN ordering_key IS NULL THEN was_active
            ELSE (SELECT status = 'active' FROM outbound_webhooks WHERE id = webhook_id) END AS active
          FROM unnest(
            ${Column.text(rows.map((row) => row.id))}, ${Column.text(rows.map((row) => row.event.tenantId))},
            ${Column.text(rows.map((row) => row.endpoint.customerId ?? null))},
            ${Column.text(rows.map((row) => row.endpoint.webhookId))},
            ${Column.text(rows.map((row) => row.event.id))}, ${Column.text(rows.map((row) => row.event.type))},
            ${Column.text(rows.map((row) => row.orderingKey))},
            ${Column.boolean(rows.map((row) => row.endpoint.active))}
          ) AS row(id, tenant_id, customer_id, webhook_id, event_id, event_type, ordering_key, was_active)),
        delivery AS (
          INSERT INTO deliveries
            (id, tenant_id, customer_id, webhook_id, event_id, event_type, ordering_key, sequence, created_at)
          SELECT id, tenant_id, customer_id, webhook_id, event_id, event_type, ordering_key, sequence, ${now}
          FROM row)
        INSERT INTO undelivered (tenant_id, delivery_id, webhook_id, event_id, sequence, ordering_key, state,
          round_at, due_at, completed_at)
        SELECT tenant_id, id, webhook_id, event_id, sequence, ordering_key,
          CASE WHEN active THEN 'pending' ELSE 'skipped' END, ${now},
          CASE WHEN active THEN ${now}::timestamptz END, CASE WHEN active THEN NULL ELSE ${now}::timestamptz END
        FROM row
        RETURNING delivery_id AS id, sequence`

    /** What may go at once: without an order nothing stands in its way. */
    const readyOf = (rows: ReadonlyArray<Row>, sequences: ReadonlyMap<string, bigint>, now: Date) => {
      const ready = new Map<OutboundWebhookId, Array<ClaimedDelivery>>()
      for (const { endpoint, event, id, orderingKey } of rows) {
        if (!endpoint.active) continue
        const deliveries = ready.get(endpoint.webhookId) ?? []
        ready.set(endpoint.webhookId, deliveries)
        const sequence = sequences.get(id)
        if (orderingKey !== null || sequence === undefined) continue
        deliveries.push({
          id,
          sequence,
          orderingKey,
          eventId: event.id,
          eventType: event.type,
          eventAt: event.at,
          data: event.json,
          attempts: 0,
          earlierAttempts: 0,
          roundAt: now,
          dueAt: now
        })
      }
      return ready
    }

    const appended = Effect.fn("DeliveryEngine.Fanout.appended")(function* (
      events: ReadonlyArray<Appended>,
      takers: ReadonlyArray<object>
    ) {
      const matches = yield* matching.matches(events, takers)
      if (matches.length === 0) return
      yield* lockOrders(matches)
      // Before the ids: looking for what came from this time on, by ids, finds these.
      const now = yield* DateTime.nowAsDate
      const rows = yield* Effect.forEach(matches, (match) =>
        Effect.map(newDeliveryId, (id) => ({ ...match, id }))
      )
      const inserted = yield* insert(rows, now)
      const sequences = new Map(inserted.map(({ id, sequence }) => [id, sequence]))
      yield* sql.afterCommit(wakeups.hand(readyOf(rows, sequences, now)))
    }, Effect.orDie)

    return Subscribers.of({ takers: matching.takers, appended })
  })
)
