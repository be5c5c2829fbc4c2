import { Effect } from "effect"
import { Mac } from "effect/crypto"
import { hmacVerifier, type Scheme } from "../Scheme.ts"
import { fromHex, stripped } from "./Encodings.ts"
import { textKeys } from "./Keys.ts"

/** Intercom, "Signed notifications": an HMAC-SHA1 of the body under the app's client secret. */
export const intercom: Scheme<unknown> = {
  verifier: (_, secrets) =>
    Effect.flatMap(textKeys(Mac.hmacSha1, secrets), (keys) =>
      hmacVerifier(keys, ({ body, headers }) => ({
        signatures: stripped(headers["x-hub-signature"], "sha1=").flatMap(fromHex),
        content: body
      }))
    ),
  id: [{ in: "body", path: "id" }],
  eventType: [{ in: "body", path: "topic" }]
}
