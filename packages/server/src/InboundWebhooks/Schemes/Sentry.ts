import type { Scheme } from "../Scheme.ts"
import { fromHex } from "./Encodings.ts"
import { overBody } from "./OverBody.ts"

/** Sentry, "Integration platform, Webhooks": an HMAC of the body alone; its time is not signed. */
export const sentry: Scheme<unknown> = {
  verifier: overBody({ header: "sentry-hook-signature", decode: fromHex }),
  id: [{ in: "header", name: "request-id" }],
  eventType: [{ in: "header", name: "sentry-hook-resource" }]
}
