import type { Identity } from "@do-integrations/domain/ApiKey"
import type { Page, PageQuery } from "@do-integrations/domain/Page"
import { type Forbidden, NotFound, type Unprocessable } from "@do-integrations/domain/Problem"
import { formatSecret } from "@do-integrations/domain/Webhook/Signature"
import {
  CreatedOutboundWebhook,
  type Delivery,
  type DeliveryDetail,
  type DeliveryId,
  type NewOutboundWebhook,
  OutboundWebhook,
  type OutboundWebhookId,
  type OutboundWebhookPatch
} from "@do-integrations/domain/Webhook/Outbound"
import { Context, DateTime, Effect, Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { AuditLog } from "./AuditLog.ts"
import { customerFor } from "./Customers.ts"
import { checkDestination } from "./Destinations.ts"
import { Egress } from "./Egress.ts"
import { newOutboundWebhookId } from "./Ids.ts"
import { type DeliveryFilter, makeDeliveries } from "./OutboundWebhooks/Deliveries.ts"
import { secretAddress } from "./OutboundWebhooks/Drain.ts"
import { makeLimits } from "./OutboundWebhooks/Limits.ts"
import { assignments } from "./Sql/Patch.ts"
import { rowsOf } from "./Sql/Rows.ts"
import { visibleTo } from "./Sql/Visible.ts"
import { UnitOfWork } from "./UnitOfWork.ts"
import { Vault } from "./Vault.ts"
import * as Column from "./Sql/Column.ts"

/** Endpoints of tenants and their customers that events are delivered to. */
export class OutboundWebhooks extends Context.Service<
  OutboundWebhooks,
  {
    /** The answer is the only place where the signing secret is shown. */
    create(
      caller: Identity,
      webhook: NewOutboundWebhook
    ): Effect.Effect<CreatedOutboundWebhook, Forbidden | Unprocessable>
    get(caller: Identity, id: OutboundWebhookId): Effect.Effect<OutboundWebhook, NotFound>
    /** Those of these ids that the caller may see. */
    byIds(caller: Identity, ids: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<OutboundWebhook>>
    update(
      caller: Identity,
      id: OutboundWebhookId,
      patch: OutboundWebhookPatch
    ): Effect.Effect<OutboundWebhook, NotFound | Unprocessable>
    /** What was on its way is recorded as skipped. */
    remove(caller: Identity, id: OutboundWebhookId): Effect.Effect<void, NotFound>
    /** Newest first. */
    deliveries(caller: Identity, query: PageQuery & DeliveryFilter): Effect.Effect<Page<Delivery>>
    /** One delivery with every attempt. */
    delivery(caller: Identity, id: DeliveryId): Effect.Effect<DeliveryDetail, NotFound>
  }
>()("@do-integrations/server/OutboundWebhooks") {
  static readonly layer = Layer.effect(
    OutboundWebhooks,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const audit = yield* AuditLog
      const deliveries = yield* makeDeliveries
      const egress = yield* Egress
      const random = yield* SecureRandom.SecureRandom
      const checkLimits = yield* makeLimits
      const unit = yield* UnitOfWork
      const vault = yield* Vault
      const rows = rowsOf(OutboundWebhook)
      const columns = sql.literal("id, url, description, event_types, customer_id, enabled, created_at")

      const insert = Effect.fnUntraced(function* (
        { keyId, tenantId }: Identity,
        webhook: OutboundWebhook,
        sealed: Uint8Array
      ) {
        yield* checkLimits(tenantId, webhook)
        const { createdAt, customerId, description, enabled, eventTypes, id, url } = webhook
        yield* sql`
          INSERT INTO outbound_webhooks
            (id, tenant_id, customer_id, url, description, event_types, secret, enabled, created_at)
          VALUES (${id}, ${tenantId}, ${customerId ?? null}, ${url}, ${description ?? null}, ${Column.text(eventTypes)},
            ${sealed}, ${enabled}, ${DateTime.toDateUtc(createdAt)})`.pipe(Effect.orDie)
        yield* audit.record({ tenantId, actor: keyId, action: "outbound_webhook.created", target: id })
      }, unit.commit)

      const create = Effect.fn("OutboundWebhooks.create")(function* (
        caller: Identity,
        { customerId: named, ...rest }: NewOutboundWebhook
      ) {
        const customerId = yield* customerFor(caller, named)
        yield* checkDestination(egress, "url", rest.url)
        const id = yield* newOutboundWebhookId
        const secret = formatSecret(yield* random.randomBytes(32))
        const sealed = yield* Effect.orDie(vault.seal(secretAddress(caller.tenantId, id), secret))
        const webhook = new CreatedOutboundWebhook({
          id,
          ...rest,
          ...(customerId === undefined ? {} : { customerId }),
          enabled: true,
          createdAt: yield* DateTime.now,
          secret
        })
        yield* insert(caller, webhook, sealed)
        return webhook
      })

      const byIds = Effect.fn("OutboundWebhooks.byIds")(function* (
        caller: Identity,
        ids: ReadonlyArray<string>
      ) {
        return yield* rows(
          yield* sql`
          SELECT ${columns} FROM outbound_webhooks WHERE id = ANY(${Column.text(ids)}) AND ${visibleTo(sql, caller)}`
        )
      }, Effect.orDie)

      const get = Effect.fn("OutboundWebhooks.get")(function* (caller: Identity, id: OutboundWebhookId) {
        const [webhook] = yield* byIds(caller, [id])
        return webhook ?? (yield* new NotFound())
      })

      const write = Effect.fnUntraced(function* (
        caller: Identity,
        id: OutboundWebhookId,
        { description, enabled, eventTypes, url }: OutboundWebhookPatch
      ) {
        const changes = { url, description, event_types: eventTypes, enabled }
        const changed = Object.entries(changes).flatMap(([name, value]) => (value === undefined ? [] : name))
        if (changed.length === 0) return yield* get(caller, id)
        if (eventTypes !== undefined) yield* checkLimits(caller.tenantId, { id, eventTypes })
        const [webhook] = yield* sql`
          UPDATE outbound_webhooks SET ${assignments(sql, changes)}
          WHERE id = ${id} AND ${visibleTo(sql, caller)} RETURNING ${columns}`.pipe(
          Effect.flatMap(rows),
          Effect.orDie
        )
        if (webhook === undefined) return yield* new NotFound()
        yield* audit.record({
          tenantId: caller.tenantId,
          actor: caller.keyId,
          action: "outbound_webhook.updated",
          target: id,
          details: { changed }
        })
        return webhook
      }, unit.commit)

      const update = Effect.fn("OutboundWebhooks.update")(function* (
        caller: Identity,
        id: OutboundWebhookId,
        patch: OutboundWebhookPatch
      ) {
        yield* get(caller, id)
        if (patch.url !== undefined) yield* checkDestination(egress, "url", patch.url)
        return yield* write(caller, id, patch)
      })

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
        const { keyId, tenantId } = caller
        yield* audit.record({ tenantId, actor: keyId, action: "outbound_webhook.removed", target: id })
      }, unit.commit)

      return OutboundWebhooks.of({
        create,
        get,
        byIds,
        update,
        remove,
        deliveries: deliveries.list,
        delivery: deliveries.get
      })
    })
  )
}
