import { Effect } from "effect"
import { Mac } from "effect/crypto"
import { anyVerifier, type Scheme } from "../Scheme.ts"
import { fromHex } from "./Encodings.ts"
import { overBody } from "./OverBody.ts"

/** WebSub's methods, but for SHA-1. */
const methods = { "sha512=": Mac.hmacSha512, "sha384=": Mac.hmacSha384, "sha256=": Mac.hmacSha256 }

/**
 * Jira, "Webhooks": `X-Hub-Signature: method=signature` as in WebSub. The method is `sha256` today, and may be another
 * one some day. Only webhooks that an administrator made with a secret are signed.
 */
export const jira: Scheme<unknown> = {
  verifier: (config, secrets) =>
    Effect.map(
      Effect.forEach(Object.entries(methods), ([prefix, algorithm]) =>
        overBody({ header: "x-hub-signature", prefix, algorithm, decode: fromHex })(config, secrets)
      ),
      (verifiers) => anyVerifier(...verifiers)
    ),
  id: [{ in: "header", name: "x-atlassian-webhook-identifier" }],
  eventType: [{ in: "body", path: "webhookEvent" }]
}
