import { hmacVerifier, type Scheme } from "../Scheme.ts"
import { fromHex, stripped } from "./Encodings.ts"
import { sha256Keys } from "./Keys.ts"
import { Effect } from "effect"

/** GitHub, "Validating webhook deliveries": an HMAC of the body alone. */
export const github: Scheme<unknown> = {
  verifier: (_, secrets) =>
    Effect.flatMap(sha256Keys(secrets), (keys) =>
      hmacVerifier(keys, ({ body, headers }) => ({
        signatures: stripped(headers["x-hub-signature-256"], "sha256=").flatMap(fromHex),
        content: body
      }))
    ),
  id: [{ in: "header", name: "x-github-delivery" }],
  eventType: [{ in: "header", name: "x-github-event" }]
}
