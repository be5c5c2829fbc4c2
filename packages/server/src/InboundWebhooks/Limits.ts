import { Unprocessable } from "@do-integrations/domain/Problem"
import type { TenantId } from "@do-integrations/domain/Tenant"
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { rowsOf } from "../Sql/Rows.ts"
import { Tenants } from "../Tenants.ts"

const Present = Schema.Struct({ webhooks: Schema.Int })

/** Refuses an inbound webhook that is one too many, in the transaction that adds it. */
export const makeLimits = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const tenants = yield* Tenants
  const counts = rowsOf(Present)

  return Effect.fnUntraced(function* (tenantId: TenantId) {
    const { endpointCap } = yield* tenants.lockSettings(tenantId)
    const [present] = yield* sql`
      SELECT count(*) AS webhooks FROM inbound_webhooks WHERE tenant_id = ${tenantId}`.pipe(
      Effect.flatMap(counts),
      Effect.orDie
    )
    if ((present?.webhooks ?? 0) < endpointCap) return
    return yield* new Unprocessable({ detail: `The tenant may have ${endpointCap} inbound webhooks` })
  })
})
