import { Effect } from "effect"
import { Mac } from "effect/crypto"
import { type Scheme, unsigned } from "../Scheme.ts"
import { fromHex } from "./Encodings.ts"
import { overBody } from "./OverBody.ts"

const header = "x-hub-signature"

/** WebSub's methods, but for SHA-1. */
const methods = { sha256: Mac.hmacSha256, sha384: Mac.hmacSha384, sha512: Mac.hmacSha512 }

/**
 * Jira, "Webhooks": `X-Hub-Signature: method=signature` as in WebSub. The method is `sha256` today, and may be another
 * one some day. Only webhooks that an administrator made with a secret are signed.
 */
export const jira: Scheme<unknown> = {
  verifier: Effect.fnUntraced(function* (config, secrets) {
    const verifiers = yield* Effect.forEach(Object.entries(methods), ([method, algorithm]) => {
      const verifier = overBody({ header, prefix: `${method}=`, algorithm, decode: fromHex })
      return Effect.map(verifier(config, secrets), (verify) => [method, verify] as const)
    })
    const byMethod = new Map(verifiers)
    return (received) => {
      const [method = ""] = (received.headers[header] ?? "").split("=", 1)
      return byMethod.get(method)?.(received) ?? Effect.fail(unsigned())
    }
  }),
  id: [{ in: "header", name: "x-atlassian-webhook-identifier" }],
  eventType: [{ in: "body", path: "webhookEvent" }]
}
