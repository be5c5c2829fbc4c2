import { Bytes, Effect, Redacted, Result, Schema } from "effect"
import { Mac } from "effect/crypto"
import { Base64 } from "effect/encoding"

/** How far a signed timestamp may be from now, in seconds (Standard Webhooks 1.0, "Verifying signatures"). */
export const toleranceSeconds = 300

/** The text is no signing secret: `whsec_` and 24 to 64 bytes in base64. */
export class InvalidSigningSecret extends Schema.TaggedError<InvalidSigningSecret>()(
  "InvalidSigningSecret",
  {}
) {
  override get message() {
    return "Expected whsec_ and 24 to 64 bytes in base64"
  }
}

const utf8 = new TextEncoder()

/** The bytes that Standard Webhooks sign: `id.timestamp.body`, the body as it is on the wire. */
export const signedContent = (id: string, timestamp: string, body: Uint8Array): Uint8Array =>
  Bytes.concat([utf8.encode(`${id}.${timestamp}.`), body])

/** The HMAC key of a Standard Webhooks secret. Make it once and keep it: it prints redacted. */
export const signingKey = Effect.fnUntraced(function* (secret: Redacted.Redacted) {
  const bytes = Base64.decode(Redacted.value(secret).replace(/^whsec_/, ""))
  if (Result.isFailure(bytes) || bytes.success.length < 24 || bytes.success.length > 64) {
    return yield* new InvalidSigningSecret()
  }
  return yield* Effect.orDie(Mac.key(Mac.hmacSha256, bytes.success))
})

/** The text of a secret with these random bytes. */
export const formatSecret = (bytes: Uint8Array): Redacted.Redacted =>
  Redacted.make(`whsec_${Base64.encode(bytes)}`)

/** The `webhook-signature` of a message: `v1,` and the HMAC-SHA256 of {@link signedContent} in base64. */
export const sign = Effect.fnUntraced(function* (
  key: Mac.Key,
  id: string,
  timestamp: string,
  body: Uint8Array
) {
  const mac = yield* Mac.Mac
  return `v1,${Base64.encode(yield* Effect.orDie(mac.sign(key, signedContent(id, timestamp, body))))}`
})
