import { Schema } from "effect"
import { CustomerId } from "../Tenant.ts"

/** Confines a list to one customer of the tenant. */
export const CustomerQuery = { customerId: Schema.optionalKey(CustomerId) }
