import type { EventId } from "@do-integrations/domain/Event"
import type { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { Context, type Effect, type Schema } from "effect"
import type { Statement } from "effect/sql"

/** What of an event decides where it goes. */
export interface Appended {
  readonly id: EventId
  readonly tenantId: TenantId
  readonly customerId?: CustomerId
  readonly type: string
  readonly channels?: ReadonlyArray<string>
  readonly data: Schema.Json
  /** The data as it is stored, and as endpoints get it. */
  readonly json: string
  /** When it was recorded. */
  readonly at: Date
  /** Set: it goes to this endpoint alone, whatever the endpoint takes. */
  readonly only?: OutboundWebhookId
}

/**
 * Who writes more in the transaction that writes events: the log knows this port, and the features that
 * act on events implement it.
 */
export class Subscribers extends Context.Service<
  Subscribers,
  {
    /** A query for whoever may take these events. The statement that writes them may ask it on the way. */
    takers(events: ReadonlyArray<Appended>): Statement.Fragment
    /** Runs in the transaction of the events, after they were written, with what that query has found. */
    appended(events: ReadonlyArray<Appended>, takers: ReadonlyArray<object>): Effect.Effect<void>
  }
>()("@do-integrations/server/EventLog/Subscribers") {}
