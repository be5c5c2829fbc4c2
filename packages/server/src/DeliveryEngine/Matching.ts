import { patternsFor, Ordering, OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Array as Arr, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import type { Appended } from "../EventLog/Subscribers.ts"
import { orderingKeyOf } from "../OrderingKey.ts"
import * as Column from "../Sql/Column.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { makeMatchers } from "./Matchers.ts"

/** An endpoint that takes events of some kind, with what decides about the single one. */
const Candidate = Schema.Struct({
  kind: Schema.Int,
  webhookId: OutboundWebhookId,
  /** Whose the endpoint is, and so the delivery: an event of a customer's may go to the tenant's own endpoint. */
  customerId: Schema.optionalKey(Schema.String),
  active: Schema.Boolean,
  filter: Schema.optionalKey(Schema.String),
  ordering: Schema.optionalKey(Schema.fromJsonString(Ordering))
})
type Candidate = typeof Candidate.Type

/** An event and an endpoint that takes it. */
export interface Match {
  readonly event: Appended
  readonly endpoint: Candidate
  /** What the delivery is ordered by; null where the endpoint is not ordered. */
  readonly orderingKey: string | null
}

/** What two events share that differ only in their data. */
const kindOf = ({ channels, customerId, only, tenantId, type }: Appended) =>
  `${tenantId} ${type} ${customerId ?? ""} ${only ?? ""} ${channels?.join(" ") ?? ""}`

/** The events of each kind. */
const kindsOf = (events: ReadonlyArray<Appended>) => Object.values(Arr.groupBy(events, kindOf))

/**
 * Finds the endpoints that take new events: by type, customer and channel in one query over the kinds of events
 * there are, by filter over each event's data.
 */
export const makeMatching = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const candidateRows = rowsOf(Candidate)
  const matcherFor = makeMatchers()

  const candidatesFor = (kinds: ReadonlyArray<Appended>) =>
    sql`
      SELECT kind::int, webhook.id AS webhook_id, webhook.customer_id, webhook.status = 'active' AS active,
        webhook.filter, webhook.ordering
      FROM unnest(
        ${Column.text(kinds.map((one) => one.tenantId))}, ${Column.text(kinds.map((one) => one.customerId ?? null))},
        ${Column.text(kinds.map((one) => patternsFor(one.type).join(" ")))},
        ${Column.text(kinds.map((one) => one.channels?.join(" ") ?? ""))},
        ${Column.text(kinds.map((one) => one.only ?? null))}
      ) WITH ORDINALITY AS one(tenant_id, customer_id, patterns, channels, only_id, kind)
      JOIN outbound_webhooks AS webhook ON webhook.tenant_id = one.tenant_id
        AND (webhook.customer_id IS NULL OR webhook.customer_id = one.customer_id)
        AND CASE WHEN one.only_id IS NULL
          THEN webhook.event_types && string_to_array(one.patterns, ' ')
            AND (webhook.channels IS NULL OR webhook.channels && string_to_array(one.channels, ' '))
          ELSE webhook.id = one.only_id END`

  /** A query for the endpoints that take events of these kinds. */
  const takers = (events: ReadonlyArray<Appended>) => candidatesFor(kindsOf(events).map(([first]) => first))

  /** The events with the endpoints that take them, of those that the query has found. */
  const matches = Effect.fnUntraced(function* (
    events: ReadonlyArray<Appended>,
    takers: ReadonlyArray<object>
  ) {
    if (takers.length === 0) return []
    const candidates = yield* candidateRows(takers)
    const all = kindsOf(events)
    const found = new Map<Appended, Array<Match>>()
    for (const endpoint of candidates) {
      const fits =
        endpoint.filter === undefined ? undefined : yield* matcherFor(endpoint.webhookId, endpoint.filter)
      for (const event of all[endpoint.kind - 1] ?? []) {
        if (event.only === undefined && fits?.(event.data) === false) continue
        const orderingKey =
          endpoint.ordering === undefined ? null : orderingKeyOf(endpoint.ordering, event.data)
        const match = { event, endpoint, orderingKey }
        const others = found.get(event)
        if (others === undefined) found.set(event, [match])
        else others.push(match)
      }
    }
    // In the order of the events, so that their deliveries are numbered in it.
    return events.flatMap((event) => found.get(event) ?? [])
  })

  return { takers, matches }
})
