import { RouteName, SourceTypePattern } from "@do-integrations/domain/Webhook/Inbound/Route"
import { Schema } from "effect"

/** What a job is to handle once more of a webhook's messages. */
export const ReplayTask = Schema.Struct({
  /** Messages by their ids, which begin with their times: from this one on, and before `to`. */
  from: Schema.String,
  to: Schema.String,
  states: Schema.Array(Schema.Literals(["unrouted", "dead", "cancelled", "handled"])),
  eventTypes: Schema.optionalKey(Schema.Array(SourceTypePattern)),
  routes: Schema.optionalKey(Schema.Array(RouteName))
})
export type ReplayTask = typeof ReplayTask.Type

/** The same as the parameters of a job. */
export const ReplayTaskText = Schema.fromJsonString(ReplayTask)
