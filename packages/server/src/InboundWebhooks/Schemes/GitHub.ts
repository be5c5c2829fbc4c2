import type { Scheme } from "../Scheme.ts"
import { fromHex } from "./Encodings.ts"
import { overBody } from "./OverBody.ts"

/** GitHub, "Validating webhook deliveries": an HMAC of the body alone. A redelivery has the id of the first one. */
export const github: Scheme<unknown> = {
  verifier: overBody({ header: "x-hub-signature-256", prefix: "sha256=", decode: fromHex }),
  id: [{ in: "header", name: "x-github-delivery" }],
  eventType: [{ in: "header", name: "x-github-event" }]
}
