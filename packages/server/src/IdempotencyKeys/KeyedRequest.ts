import type { Identity } from "@do-integrations/domain/ApiKey"
import { Unprocessable } from "@do-integrations/domain/Problem"
import type { TenantId } from "@do-integrations/domain/Tenant"

/** One request with an `Idempotency-Key`. */
export interface KeyedRequest {
  readonly tenantId: TenantId
  readonly key: string
  /** SHA-256 of what the request asks for and on whose behalf: equal only for the same request. */
  readonly fingerprint: Uint8Array
}

/** A request that has claimed its key. Only who holds the present claim may write what came of it. */
export interface ClaimedRequest extends KeyedRequest {
  readonly claim: string
}

/** The name under which a caller's key is kept: every customer of a tenant has keys of its own. */
export const keyOf = ({ customerId }: Identity, key: string) =>
  customerId === undefined ? key : `${customerId} ${key}`

/** How long a key is kept. */
export const lifetime = "24 hours"

/** The refusal of a request whose key another request has. */
export const keyTaken = () => new Unprocessable({ detail: "This Idempotency-Key belongs to another request" })
