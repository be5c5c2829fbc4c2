import { TenantEventTypeName } from "@do-integrations/domain/Event"
import { isShallow } from "@do-integrations/domain/Json"
import type { TenantId } from "@do-integrations/domain/Tenant"
import { eventTypeFrom } from "@do-integrations/domain/Webhook/Inbound/Route"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { EventLog } from "../EventLog.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { type Action, ActionFailed } from "./Action.ts"
import { envelope } from "./Envelope.ts"
import type { Handling } from "./Handling.ts"
import type { HandledWebhook } from "./Webhook.ts"

const isEventType = Schema.is(TenantEventTypeName)
const rows = rowsOf(Schema.Struct({ customerId: Schema.optionalKey(Schema.String) }))

const failed = (reason: string) => new ActionFailed({ reason, final: true })

/** Makes tenants' events of messages, for all their endpoints or for one alone. */
export const makePublish = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const events = yield* EventLog

  /** Refuses an endpoint that is not there any more, or that is another customer's. */
  const checkEndpoint = Effect.fnUntraced(function* (
    tenantId: TenantId,
    webhook: HandledWebhook,
    id: OutboundWebhookId
  ) {
    const [endpoint] = yield* sql`
      SELECT customer_id FROM outbound_webhooks WHERE id = ${id} AND tenant_id = ${tenantId} FOR KEY SHARE`.pipe(
      Effect.flatMap(rows),
      Effect.orDie
    )
    if (endpoint === undefined) return yield* failed("The outbound webhook is no longer there")
    if (endpoint.customerId !== undefined && endpoint.customerId !== webhook.customerId) {
      return yield* failed("The outbound webhook is another customer's")
    }
  })

  return (
    webhook: HandledWebhook,
    handling: Handling,
    { eventType, only }: { readonly eventType: string; readonly only?: OutboundWebhookId }
  ): Action => {
    const { eventType: sendersType, messageId, tenantId } = handling
    const type = eventTypeFrom(eventType, sendersType ?? undefined)
    const data = envelope(webhook, handling)
    return {
      type: "inside",
      prepare: Effect.gen(function* () {
        if (!isShallow(data)) return yield* failed("The body is nested too deep for an event")
        if (tenantId === null || !isEventType(type))
          return yield* failed(`${type} is no event type of a tenant's`)
        yield* Effect.mapError(events.check(tenantId, type, data), (refusal) =>
          failed(`The event does not fit its type: ${refusal.message}`)
        )
      }),
      run: Effect.gen(function* () {
        if (tenantId === null) return
        if (only !== undefined) yield* checkEndpoint(tenantId, webhook, only)
        yield* events.append({
          tenantId,
          customerId: webhook.customerId,
          type,
          subject: messageId,
          data,
          only
        })
      })
    }
  }
})
