import { Schema } from "effect"
import { Timestamp } from "../../Time.ts"

/** What the body of a webhook has by Standard Webhooks 1.0. The message's id is in a header. */
export const StandardEnvelope = Schema.Struct({
  /** What happened, such as `invoice.paid`. */
  type: Schema.String,
  /** When it happened. */
  timestamp: Timestamp,
  /** What there is to say of it. */
  data: Schema.Json
})

/** The body of a webhook by Standard Webhooks 1.0, with what its sender puts in beside that. */
export const StandardPayload = Schema.StructWithRest(StandardEnvelope, [
  Schema.Record(Schema.String, Schema.Unknown)
])
export type StandardPayload = typeof StandardPayload.Type
