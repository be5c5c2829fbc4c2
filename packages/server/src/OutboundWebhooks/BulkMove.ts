import { DeliveryState } from "@do-integrations/domain/Webhook/Delivery"
import { Schema } from "effect"

/** Deliveries by their ids, which begin with their times: from the first bound on, and before the second. */
const range = { from: Schema.String, to: Schema.String }

/** What a job is to do with the deliveries of an endpoint. */
export const BulkMove = Schema.Union([
  Schema.Struct({
    type: Schema.tag("recover_deliveries"),
    ...range,
    states: Schema.Array(DeliveryState)
  }),
  Schema.Struct({ type: Schema.tag("cancel_deliveries"), ...range })
])
export type BulkMove = typeof BulkMove.Type

/** The same as the parameters of a job. */
export const BulkMoveText = Schema.fromJsonString(BulkMove)
