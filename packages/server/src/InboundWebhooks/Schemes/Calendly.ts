import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import type { Scheme } from "../Scheme.ts"
import { idOfAll } from "./Batch.ts"
import { timedPairs } from "./TimedPairs.ts"

/** Calendly, "Webhook signatures": `t.body`. Its messages have no id: what happened to what, and when, is theirs. */
export const calendly: Scheme<Extract<InboundScheme, { type: "calendly" }>> = {
  verifier: timedPairs({ header: "calendly-webhook-signature", time: "t", signature: "v1" }),
  id: [idOfAll("event", "created_at", "payload.uri")],
  eventType: [{ in: "body", path: "event" }]
}
