import type { Identity } from "@do-integrations/domain/ApiKey"
import type { Page, PageQuery } from "@do-integrations/domain/Page"
import { type Forbidden, NotFound, type Unprocessable } from "@do-integrations/domain/Problem"
import {
  CreatedInboundWebhook,
  InboundWebhook,
  type InboundWebhookPatch,
  type NewInboundWebhook
} from "@do-integrations/domain/Webhook/Inbound"
import { type InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import {
  type Message,
  type MessageDetail,
  type MessageId
} from "@do-integrations/domain/Webhook/Inbound/Message"
import { Context, DateTime, Effect, Layer, Redacted, Schema } from "effect"
import { Digest, SecureRandom } from "effect/crypto"
import { Base64Url } from "effect/encoding"
import { SqlClient } from "effect/sql"
import { AuditLog } from "./AuditLog.ts"
import { AppConfig } from "./Config.ts"
import { customerFor } from "./Customers.ts"
import { newInboundWebhookId } from "./Ids.ts"
import { Ingress } from "./InboundWebhooks/Ingress.ts"
import { makeMessages, type MessageFilter } from "./InboundWebhooks/Messages.ts"
import { makeSecrets } from "./InboundWebhooks/Secrets.ts"
import { assignments } from "./Sql/Patch.ts"
import { rowsOf } from "./Sql/Rows.ts"
import { visibleTo } from "./Sql/Visible.ts"
import { UnitOfWork } from "./UnitOfWork.ts"
import * as Column from "./Sql/Column.ts"

const utf8 = new TextEncoder()

/** Addresses of tenants and their customers that take webhooks, and the messages that came in there. */
export class InboundWebhooks extends Context.Service<
  InboundWebhooks,
  {
    /** The answer is the only place where the address is shown. */
    create(
      caller: Identity,
      webhook: NewInboundWebhook
    ): Effect.Effect<CreatedInboundWebhook, Forbidden | Unprocessable>
    get(caller: Identity, id: InboundWebhookId): Effect.Effect<InboundWebhook, NotFound>
    /** Those of these ids that the caller may see. */
    byIds(caller: Identity, ids: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<InboundWebhook>>
    update(
      caller: Identity,
      id: InboundWebhookId,
      patch: InboundWebhookPatch
    ): Effect.Effect<InboundWebhook, NotFound | Unprocessable>
    /** The address is gone at once; the messages that came in stay. */
    remove(caller: Identity, id: InboundWebhookId): Effect.Effect<void, NotFound>
    /** Newest first. */
    messages(caller: Identity, query: PageQuery & MessageFilter): Effect.Effect<Page<Message>>
    message(caller: Identity, id: MessageId): Effect.Effect<MessageDetail, NotFound>
  }
>()("@do-integrations/server/InboundWebhooks") {
  static readonly layer = Layer.effect(
    InboundWebhooks,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const audit = yield* AuditLog
      const { publicUrl } = yield* AppConfig
      const digest = yield* Digest.Digest
      const ingress = yield* Ingress
      const messages = yield* makeMessages
      const random = yield* SecureRandom.SecureRandom
      const secrets = yield* makeSecrets
      const unit = yield* UnitOfWork
      const rows = rowsOf(InboundWebhook)
      const hashes = rowsOf(Schema.Struct({ tokenHash: Schema.Uint8Array }))
      const columns = sql.literal(
        "id, name, source, scheme::json AS scheme, routes::json AS routes, retry::json AS retry, concurrency, methods, customer_id, enabled, created_at"
      )

      const create = Effect.fn("InboundWebhooks.create")(function* (
        caller: Identity,
        webhook: NewInboundWebhook
      ) {
        const { name, scheme, source } = webhook
        const { keyId, tenantId } = caller
        const customerId = yield* customerFor(caller, webhook.customerId)
        const id = yield* newInboundWebhookId
        const sealed = yield* secrets.seal(tenantId, id, scheme, webhook.secrets)
        const token = Base64Url.encode(yield* random.randomBytes(32))
        const hash = yield* digest.digest(Digest.sha256, utf8.encode(token))
        const createdAt = yield* DateTime.now
        yield* unit.commit(
          Effect.gen(function* () {
            yield* sql`
              INSERT INTO inbound_webhooks
                (id, tenant_id, customer_id, token_hash, name, source, scheme, secrets, created_at)
              VALUES (${id}, ${tenantId}, ${customerId ?? null}, ${hash}, ${name}, ${source ?? null},
                ${JSON.stringify(scheme)}, ${sealed}, ${DateTime.toDateUtc(createdAt)})`
            yield* audit.record({
              tenantId,
              actor: keyId,
              action: "inbound_webhook.created",
              target: id,
              details: { name, scheme: scheme.type }
            })
          }).pipe(Effect.orDie)
        )
        return new CreatedInboundWebhook({
          id,
          name,
          scheme,
          routes: [],
          retry: { type: "default" },
          concurrency: 8,
          methods: ["POST"],
          enabled: true,
          createdAt,
          url: Redacted.make(`${publicUrl}/in/${token}`),
          ...(source === undefined ? {} : { source }),
          ...(customerId === undefined ? {} : { customerId })
        })
      })

      const byIds = Effect.fn("InboundWebhooks.byIds")(function* (
        caller: Identity,
        ids: ReadonlyArray<string>
      ) {
        return yield* rows(
          yield* sql`
          SELECT ${columns} FROM inbound_webhooks WHERE id = ANY(${Column.text(ids)}) AND ${visibleTo(sql, caller)}`
        )
      }, Effect.orDie)

      const get = Effect.fn("InboundWebhooks.get")(function* (caller: Identity, id: InboundWebhookId) {
        const [webhook] = yield* byIds(caller, [id])
        return webhook ?? (yield* new NotFound())
      })

      const update = Effect.fn("InboundWebhooks.update")(function* (
        caller: Identity,
        id: InboundWebhookId,
        patch: InboundWebhookPatch
      ) {
        const before = yield* get(caller, id)
        const { enabled, name, source } = patch
        const { keyId, tenantId } = caller
        const sealed =
          patch.secrets === undefined
            ? undefined
            : yield* secrets.seal(tenantId, id, before.scheme, patch.secrets)
        const changed = Object.keys(patch)
        if (changed.length === 0) return before
        const write = Effect.gen(function* () {
          const updated = yield* sql`
            UPDATE inbound_webhooks SET ${assignments(sql, { name, source, enabled, secrets: sealed })}
            WHERE id = ${id} AND ${visibleTo(sql, caller)} RETURNING token_hash`.pipe(Effect.flatMap(hashes))
          yield* Effect.forEach(updated, (row) => sql.afterCommit(ingress.forget(row.tokenHash)))
          if (updated.length > 0) {
            const entry = { tenantId, actor: keyId, action: "inbound_webhook.updated", target: id }
            yield* audit.record({ ...entry, details: { changed } })
          }
        })
        yield* unit.commit(Effect.orDie(write))
        return yield* get(caller, id)
      })

      const remove = Effect.fn("InboundWebhooks.remove")(function* (caller: Identity, id: InboundWebhookId) {
        const [removed] = yield* sql`
          DELETE FROM inbound_webhooks WHERE id = ${id} AND ${visibleTo(sql, caller)} RETURNING token_hash`.pipe(
          Effect.flatMap(hashes),
          Effect.orDie
        )
        if (removed === undefined) return yield* new NotFound()
        yield* sql.afterCommit(ingress.forget(removed.tokenHash))
        const { keyId, tenantId } = caller
        yield* audit.record({ tenantId, actor: keyId, action: "inbound_webhook.removed", target: id })
      }, unit.commit)

      return InboundWebhooks.of({
        create,
        get,
        byIds,
        update,
        remove,
        messages: messages.list,
        message: messages.get
      })
    })
  )
}
