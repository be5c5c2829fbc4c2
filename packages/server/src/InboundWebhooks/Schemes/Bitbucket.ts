import type { Scheme } from "../Scheme.ts"
import { fromHex } from "./Encodings.ts"
import { overBody } from "./OverBody.ts"

/**
 * Bitbucket, "Manage webhooks": an HMAC-SHA256 of the body alone. Cloud names a request by `X-Request-UUID`, Data
 * Center by `X-Request-Id`.
 */
export const bitbucket: Scheme<unknown> = {
  verifier: overBody({ header: "x-hub-signature", prefix: "sha256=", decode: fromHex }),
  id: [
    { in: "header", name: "x-request-uuid" },
    { in: "header", name: "x-request-id" }
  ],
  eventType: [{ in: "header", name: "x-event-key" }]
}
