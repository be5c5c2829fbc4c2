import { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { signingKey } from "@do-integrations/domain/Webhook/Signature"
import { TenantId } from "@do-integrations/domain/Tenant"
import { DateTime, Context, Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { rowsOf } from "../Sql/Rows.ts"
import { Vault } from "../Vault.ts"
import { Deliver, DueDelivery, type Target } from "./Deliver.ts"
import { Settle } from "./Settle.ts"

/** Deliveries that are under way to one endpoint at a time. */
const concurrency = 16

/** Deliveries that are claimed at a time. */
const claimSize = 64

const EndpointRow = Schema.Struct({
  id: OutboundWebhookId,
  tenantId: TenantId,
  url: Schema.String,
  secret: Schema.Uint8Array,
  enabled: Schema.Boolean
})

/** Where an endpoint's sealed signing secret stands. */
export const secretAddress = (tenantId: TenantId, id: OutboundWebhookId) =>
  ({ tenantId, table: "outbound_webhooks", row: id, field: "secret" }) as const

/**
 * Delivers what is due to one endpoint, until nothing is. Only the endpoint's owner drains it, so nothing is
 * claimed twice; should two owners overlap while a shard moves, the attempt number in the row decides.
 */
export class Drain extends Context.Service<
  Drain,
  {
    /** Once the endpoint is no longer `owned`, what is under way is finished and nothing more is begun. */
    run(id: OutboundWebhookId, owned: () => boolean): Effect.Effect<void>
  }
>()("@do-integrations/server/OutboundWebhooks/Drain") {
  static readonly layer = Layer.effect(
    Drain,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const deliver = yield* Deliver
      const settle = yield* Settle
      const vault = yield* Vault
      const endpoints = rowsOf(EndpointRow)
      const dueRows = rowsOf(DueDelivery)

      const claim = Effect.fnUntraced(function* (id: OutboundWebhookId) {
        const now = yield* DateTime.nowAsDate
        return yield* sql`
          SELECT due.id, due.tenant_id, due.event_id, due.event_type, due.attempts,
            events.created_at AS event_at, events.data
          FROM (SELECT * FROM deliveries WHERE webhook_id = ${id} AND due_at <= ${now}
            ORDER BY due_at, sequence LIMIT ${claimSize}) AS due
          JOIN events ON events.id = due.event_id
          ORDER BY due.due_at, due.sequence`.pipe(Effect.flatMap(dueRows))
      })

      /** Once more before each batch, because the endpoint may have been changed, disabled or removed. */
      const targetOf = Effect.fnUntraced(function* (id: OutboundWebhookId) {
        const [endpoint] = yield* sql`
          SELECT id, tenant_id, url, secret, enabled FROM outbound_webhooks WHERE id = ${id}`.pipe(
          Effect.flatMap(endpoints)
        )
        if (endpoint === undefined || !endpoint.enabled) return undefined
        const secret = yield* vault.open(secretAddress(endpoint.tenantId, id), endpoint.secret)
        return { id, url: endpoint.url, key: yield* signingKey(secret) } satisfies Target
      })

      const skip = Effect.fnUntraced(function* (id: OutboundWebhookId) {
        const now = yield* DateTime.nowAsDate
        yield* sql`
          UPDATE deliveries SET state = 'skipped', due_at = NULL, completed_at = ${now}
          WHERE webhook_id = ${id} AND due_at <= ${now}`
      })

      const send = Effect.fnUntraced(function* (target: Target, delivery: DueDelivery) {
        yield* settle.settle(delivery, yield* deliver.attempt(target, delivery))
      })

      const run = Effect.fn("OutboundWebhooks.drain")(function* (
        id: OutboundWebhookId,
        owned: () => boolean
      ) {
        while (owned()) {
          const due = yield* claim(id)
          if (due.length === 0) return
          const target = yield* targetOf(id)
          if (target === undefined) return yield* skip(id)
          yield* Effect.forEach(
            due,
            (delivery) => Effect.suspend(() => (owned() ? send(target, delivery) : Effect.void)),
            { concurrency, discard: true }
          )
        }
      }, Effect.orDie)

      return Drain.of({ run })
    })
  )
}
