import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import type { Scheme } from "../Scheme.ts"
import { timedPairs } from "./TimedPairs.ts"

/** Paddle Billing, "Verify webhook signatures": `ts:body`, and several `h1` while a secret is replaced. */
export const paddle: Scheme<Extract<InboundScheme, { type: "paddle" }>> = {
  verifier: timedPairs({
    header: "paddle-signature",
    separator: ";",
    time: "ts",
    signature: "h1",
    joint: ":"
  }),
  id: [{ in: "body", path: "event_id" }],
  eventType: [{ in: "body", path: "event_type" }]
}
