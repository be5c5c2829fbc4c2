import type { Scheme } from "../Scheme.ts"
import { fromBase64 } from "./Encodings.ts"
import { overBody } from "./OverBody.ts"

/** Typeform, "Secure your webhooks": an HMAC of the body alone, in base64. */
export const typeform: Scheme<unknown> = {
  verifier: overBody({ header: "typeform-signature", prefix: "sha256=", decode: fromBase64 }),
  id: [{ in: "body", path: "event_id" }],
  eventType: [{ in: "body", path: "event_type" }]
}
