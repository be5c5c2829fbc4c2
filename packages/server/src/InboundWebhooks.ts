import type { MessageReplay, Replay } from "@do-integrations/domain/Api/Webhooks/Messages"
import type { Identity } from "@do-integrations/domain/ApiKey"
import type { Job } from "@do-integrations/domain/Job"
import type { Page, PageQuery } from "@do-integrations/domain/Page"
import { type Conflict, type Forbidden, NotFound, type Unprocessable } from "@do-integrations/domain/Problem"
import type {
  CreatedInboundWebhook,
  InboundWebhook,
  InboundWebhookPatch,
  NewInboundWebhook
} from "@do-integrations/domain/Webhook/Inbound"
import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import type { Message, MessageDetail, MessageId } from "@do-integrations/domain/Webhook/Inbound/Message"
import type { Rejections as Rejected } from "@do-integrations/domain/Webhook/Inbound/Rejection"
import type { Rotation, SigningSecrets } from "@do-integrations/domain/Webhook/Outbound"
import { Context, Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { AuditLog } from "./AuditLog.ts"
import { HandlingWakeups } from "./HandlingEngine/Wakeups.ts"
import { makeCreate } from "./InboundWebhooks/Create.ts"
import { Ingress } from "./InboundWebhooks/Ingress.ts"
import type { MessageFilter } from "./InboundWebhooks/MessagePages.ts"
import { makeMessages } from "./InboundWebhooks/Messages.ts"
import { Rejections } from "./InboundWebhooks/Rejections.ts"
import { makeReplay } from "./InboundWebhooks/Replay.ts"
import { makeRotation } from "./InboundWebhooks/Rotation.ts"
import { makeStore } from "./InboundWebhooks/Store.ts"
import { makeUpdate } from "./InboundWebhooks/Update.ts"
import { rowsOf } from "./Sql/Rows.ts"
import { visibleTo } from "./Sql/Visible.ts"
import { UnitOfWork } from "./UnitOfWork.ts"

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
    /** `null` takes away what may be left out. */
    update(
      caller: Identity,
      id: InboundWebhookId,
      patch: InboundWebhookPatch
    ): Effect.Effect<InboundWebhook, Forbidden | NotFound | Conflict | Unprocessable>
    /** The address is gone at once; the messages that came in stay, and what waits to be handled is cancelled soon. */
    remove(caller: Identity, id: InboundWebhookId): Effect.Effect<void, NotFound>
    /** What messages are signed with that are forwarded to a URL; the audit log tells who looked. */
    secrets(caller: Identity, id: InboundWebhookId): Effect.Effect<SigningSecrets, NotFound | Conflict>
    /** Replaces that secret; the old one signs beside the new one for a while. */
    rotateSecret(
      caller: Identity,
      id: InboundWebhookId,
      rotation: typeof Rotation.Type
    ): Effect.Effect<SigningSecrets, NotFound | Conflict | Unprocessable>
    /** How many requests were refused, by hour and reason. */
    rejections(caller: Identity, id: InboundWebhookId): Effect.Effect<ReadonlyArray<Rejected>, NotFound>
    /** Newest first. */
    messages(caller: Identity, query: PageQuery & MessageFilter): Effect.Effect<Page<Message>>
    /** One message with what became of it on each route. */
    message(caller: Identity, id: MessageId): Effect.Effect<MessageDetail, NotFound>
    /** Has a message handled once more, whatever became of it; what waits to be handled is left as it is. */
    replay(
      caller: Identity,
      id: MessageId,
      replay: typeof MessageReplay.Type
    ): Effect.Effect<MessageDetail, NotFound | Conflict | Unprocessable>
    /** Has the messages of a time handled once more, by a job. */
    replayAll(
      caller: Identity,
      id: InboundWebhookId,
      replay: typeof Replay.Type
    ): Effect.Effect<Job, NotFound | Unprocessable>
    /** Ends a message where it still waits to be handled, or holds up its order. */
    cancel(caller: Identity, id: MessageId): Effect.Effect<MessageDetail, NotFound | Conflict>
  }
>()("@do-integrations/server/InboundWebhooks") {
  static readonly layer = Layer.effect(
    InboundWebhooks,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const audit = yield* AuditLog
      const ingress = yield* Ingress
      const messages = yield* makeMessages
      const rejections = yield* Rejections
      const rotation = yield* makeRotation
      const store = yield* makeStore
      const unit = yield* UnitOfWork
      const wakeups = yield* HandlingWakeups
      const hashes = rowsOf(Schema.Struct({ tokenHash: Schema.Uint8Array }))

      const remove = Effect.fn("InboundWebhooks.remove")(function* (caller: Identity, id: InboundWebhookId) {
        const [removed] = yield* sql`
          DELETE FROM inbound_webhooks WHERE id = ${id} AND ${visibleTo(sql, caller)} RETURNING token_hash`.pipe(
          Effect.flatMap(hashes),
          Effect.orDie
        )
        if (removed === undefined) return yield* new NotFound()
        // Its owner ends what waits: that may be more than a request has time for.
        yield* sql.afterCommit(Effect.andThen(ingress.forget(removed.tokenHash), wakeups.offer([id])))
        const { keyId, tenantId } = caller
        yield* audit.record({ tenantId, actor: keyId, action: "inbound_webhook.removed", target: id })
      }, unit.commit)

      return InboundWebhooks.of({
        create: yield* makeCreate,
        get: store.get,
        byIds: store.byIds,
        update: yield* makeUpdate,
        remove,
        secrets: rotation.disclose,
        rotateSecret: rotation.rotate,
        rejections: rejections.list,
        messages: messages.list,
        message: messages.detail,
        ...(yield* makeReplay)
      })
    })
  )
}
