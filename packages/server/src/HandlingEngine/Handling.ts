import type { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import type { MessageId } from "@do-integrations/domain/Webhook/Inbound/Message"
import type { Duration, Option, Schema } from "effect"

/** A message on one of its routes. */
export interface HandlingKey {
  readonly messageId: MessageId
  readonly route: string
}

/** A message whose turn has come on one of its routes, with all that is known of both. */
export interface Handling extends HandlingKey {
  /** Attempts made so far. */
  readonly attempts: number
  /** Those of them that were made before somebody had it handled again. */
  readonly earlierAttempts: number
  /** When the round of attempts began that it is in. */
  readonly roundAt: Date
  readonly tenantId: TenantId | null
  readonly customerId: CustomerId | null
  readonly externalId: string | null
  readonly eventType: string | null
  readonly verified: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly receivedAt: Date
  /** What is in the body: JSON, or a form's fields. */
  readonly payload: Option.Option<Schema.Json>
}

/** What one attempt came to. */
export interface Outcome {
  readonly at: Date
  readonly durationMs: number
  /** The HTTP status, where it was forwarded and answered. */
  readonly status?: number
  /** Why it failed; left out: it did not. */
  readonly error?: string
  /** No further attempt could help. */
  readonly final?: boolean
  /** The route is gone: nothing has to wait for the message. */
  readonly orphaned?: boolean
  /** How long the receiver asks to be left alone. */
  readonly retryAfter?: Duration.Duration | undefined
}
