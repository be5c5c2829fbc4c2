import type { Scheme } from "../Scheme.ts"
import { fromBase64 } from "./Encodings.ts"
import { overBody } from "./OverBody.ts"

/** Shopify, "Verify webhook deliveries": an HMAC of the body alone, in base64; the secret is the app's client secret. */
export const shopify: Scheme<unknown> = {
  verifier: overBody({ header: "x-shopify-hmac-sha256", decode: fromBase64 }),
  id: [{ in: "header", name: "x-shopify-webhook-id" }],
  eventType: [{ in: "header", name: "x-shopify-topic" }]
}
