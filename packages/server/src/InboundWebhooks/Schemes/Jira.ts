import type { Scheme } from "../Scheme.ts"
import { fromHex } from "./Encodings.ts"
import { overBody } from "./OverBody.ts"

/**
 * Jira, "Webhooks": `X-Hub-Signature: method=signature` as in WebSub, the method being `sha256`. Only webhooks that an
 * administrator made with a secret are signed.
 */
export const jira: Scheme<unknown> = {
  verifier: overBody({ header: "x-hub-signature", prefix: "sha256=", decode: fromHex }),
  id: [{ in: "header", name: "x-atlassian-webhook-identifier" }],
  eventType: [{ in: "body", path: "webhookEvent" }]
}
