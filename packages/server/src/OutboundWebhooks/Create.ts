import type { Identity } from "@do-integrations/domain/ApiKey"
import { CreatedOutboundWebhook, type NewOutboundWebhook } from "@do-integrations/domain/Webhook/Outbound"
import { Effect, Record } from "effect"
import { SqlClient } from "effect/sql"
import { AuditLog } from "../AuditLog.ts"
import { customerFor } from "../Customers.ts"
import { checkDestination } from "../Destinations.ts"
import { Egress } from "../Egress.ts"
import { newOutboundWebhookId } from "../Ids.ts"
import type { Columns } from "../Sql/Patch.ts"
import { UnitOfWork } from "../UnitOfWork.ts"
import { columnsOf, makeHeaderColumns } from "./Columns.ts"
import { makeLimits } from "./Limits.ts"
import { makeMinting } from "./Minting.ts"
import { makeStore } from "./Store.ts"

/** Makes endpoints. What is left out is as the columns' defaults say. */
export const makeCreate = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const egress = yield* Egress
  const headerColumns = yield* makeHeaderColumns
  const limits = yield* makeLimits
  const minting = yield* makeMinting
  const store = yield* makeStore
  const unit = yield* UnitOfWork

  return Effect.fn("OutboundWebhooks.create")(function* (caller: Identity, webhook: NewOutboundWebhook) {
    const { customerId: named, headers, ...settings } = webhook
    const { keyId, tenantId } = caller
    const customerId = yield* customerFor(caller, named)
    yield* checkDestination(egress, "url", settings.url)
    const id = yield* newOutboundWebhookId
    const secret = yield* minting.secret(tenantId, id)
    const columns: Columns = {
      id,
      tenant_id: tenantId,
      customer_id: customerId,
      ...columnsOf(settings),
      ...secret.columns,
      ...(settings.signatures?.includes("v1a") === true ? yield* minting.signingKey(tenantId, id) : {}),
      ...(yield* headerColumns(tenantId, id, headers))
    }
    const insert = Effect.gen(function* () {
      yield* limits.checkCounts(tenantId, { id, eventTypes: settings.eventTypes })
      const retry = yield* limits.retryFor(tenantId, settings.retry)
      const inserted = retry === undefined ? columns : { ...columns, retry: columnsOf({ retry }).retry }
      const [created] = yield* sql`
        INSERT INTO outbound_webhooks ${sql.insert(Record.filter(inserted, (value) => value !== undefined))} RETURNING ${yield* store.columns}`.pipe(
        Effect.flatMap(store.rows),
        Effect.orDie
      )
      yield* audit.record({ tenantId, actor: keyId, action: "outbound_webhook.created", target: id })
      return created ?? (yield* Effect.die(new Error("An insert without a row")))
    })
    return new CreatedOutboundWebhook({ ...(yield* unit.commit(insert)), secret: secret.text })
  })
})
