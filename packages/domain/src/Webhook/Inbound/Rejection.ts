import { Schema } from "effect"
import { described } from "../../Described.ts"
import { Timestamp } from "../../Time.ts"

/** Why a request to an inbound webhook's address was refused. */
export const RejectionReason = Schema.Literals([
  "signature",
  "address",
  "rate_limit",
  "method",
  "content_type",
  "too_large",
  "too_slow"
]).annotate({
  identifier: "RejectionReason",
  description:
    "`signature`: it proved nothing, or its time was too far from now; `address`: it came from an address that is not " +
    "allowed; `rate_limit`: too many came; `method`, `content_type`: not one that the webhook takes; `too_large`: more " +
    "than 1 MiB; `too_slow`: its body took too long."
})
export type RejectionReason = typeof RejectionReason.Type

/** How many requests were refused in an hour for one reason. Nothing else is kept of them. */
export const Rejections = Schema.Struct({
  hour: Timestamp.pipe(described("The beginning of the hour.")),
  reason: RejectionReason.pipe(described("Why they were refused.")),
  count: Schema.Int.pipe(described("How many they were.")),
  lastAt: Timestamp.pipe(described("When the last of them came."))
}).annotate({ identifier: "Rejections" })
export type Rejections = typeof Rejections.Type
