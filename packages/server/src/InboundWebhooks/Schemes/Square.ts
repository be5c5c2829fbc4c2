import { Bytes, Effect } from "effect"
import { hmacVerifier, type Scheme } from "../Scheme.ts"
import { fromBase64 } from "./Encodings.ts"
import { sha256Keys } from "./Keys.ts"

const utf8 = new TextEncoder()

/** Square, "Validate that the notification is from Square": an HMAC of the notification URL and the body. */
export const square: Scheme<unknown> = {
  verifier: (_, secrets) =>
    Effect.flatMap(sha256Keys(secrets), (keys) =>
      hmacVerifier(keys, ({ body, headers, url }) => ({
        signatures: fromBase64(headers["x-square-hmacsha256-signature"] ?? ""),
        content: Bytes.concat([utf8.encode(url), body])
      }))
    ),
  id: [{ in: "body", path: "event_id" }],
  eventType: [{ in: "body", path: "type" }]
}
