import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import type { Scheme } from "../Scheme.ts"
import { timedPairs } from "./TimedPairs.ts"

/**
 * Stripe, "Verify webhook signatures": a time and a `v1` for each secret in rotation. The `v0` of test events is
 * passed over.
 */
export const stripe: Scheme<Extract<InboundScheme, { type: "stripe" }>> = {
  verifier: timedPairs({ header: "stripe-signature", time: "t", signature: "v1" }),
  id: [{ in: "body", path: "id" }],
  eventType: [{ in: "body", path: "type" }]
}
