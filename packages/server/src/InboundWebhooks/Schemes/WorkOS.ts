import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import type { Scheme } from "../Scheme.ts"
import { timedPairs } from "./TimedPairs.ts"

/** WorkOS, "Webhooks, Validate the requests": a time in milliseconds and a `v1`, a blank after the comma. */
export const workos: Scheme<Extract<InboundScheme, { type: "workos" }>> = {
  verifier: timedPairs({ header: "workos-signature", time: "t", unit: "milliseconds", signature: "v1" }),
  id: [{ in: "body", path: "id" }],
  eventType: [{ in: "body", path: "event" }]
}
