import { Schema } from "effect"
import { described } from "../Described.ts"
import { CustomerId } from "../Tenant.ts"

/** Confines a list to one customer of the tenant. */
export const CustomerQuery = {
  customerId: Schema.optionalKey(CustomerId).pipe(described("Only what belongs to this customer."))
}
