import type { EventId } from "@do-integrations/domain/Event"
import type { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import { Context, type Effect } from "effect"

/** What of an event decides where it goes. */
export interface Appended {
  readonly id: EventId
  readonly tenantId: TenantId
  readonly customerId?: CustomerId
  readonly type: string
}

/**
 * Who writes more in the transaction that writes events: the log knows this port, and the features that
 * act on events implement it.
 */
export class Subscribers extends Context.Service<
  Subscribers,
  {
    /** Runs in the transaction of the events, after they were written. */
    appended(events: ReadonlyArray<Appended>): Effect.Effect<void>
  }
>()("@do-integrations/server/EventLog/Subscribers") {}
