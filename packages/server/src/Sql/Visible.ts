import type { Identity } from "@do-integrations/domain/ApiKey"
import type { CustomerId } from "@do-integrations/domain/Tenant"
import type { SqlClient } from "effect/sql"

/**
 * The rows that a caller may see: its tenant's, and of those only its customer's when it is confined to
 * one. `asked` narrows them further. Every query of a tenant's data goes through here.
 */
export const visibleTo = (sql: SqlClient.SqlClient, caller: Identity, asked?: CustomerId) => {
  const customer = (id: CustomerId | undefined) => (id === undefined ? sql`` : sql`AND customer_id = ${id}`)
  return sql`tenant_id = ${caller.tenantId} ${customer(caller.customerId)} ${customer(asked)}`
}
