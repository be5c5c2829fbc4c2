import type { GitHubScheme } from "@do-integrations/domain/Webhook/Inbound"
import { Effect, Redacted } from "effect"
import { Mac } from "effect/crypto"
import { hmacVerifier, type Scheme } from "../Scheme.ts"
import { fromHex, stripped } from "./Encodings.ts"

const utf8 = new TextEncoder()

/** GitHub, "Validating webhook deliveries": an HMAC of the body alone. */
export const github: Scheme<typeof GitHubScheme.Type> = Effect.fnUntraced(function* (_, secrets) {
  const keys = yield* Effect.forEach(secrets, (secret) =>
    Effect.orDie(Mac.key(Mac.hmacSha256, utf8.encode(Redacted.value(secret))))
  )
  return yield* hmacVerifier(keys, ({ body, headers }) => ({
    signatures: stripped(headers["x-hub-signature-256"], "sha256=").flatMap(fromHex),
    content: body,
    externalId: headers["x-github-delivery"],
    eventType: headers["x-github-event"]
  }))
})
