import { Effect, Redacted } from "effect"
import { Mac } from "effect/crypto"

const utf8 = new TextEncoder()

/** HMAC keys whose bytes are the secrets' text, as most vendors have it. */
export const textKeys = <A extends Mac.Algorithm>(algorithm: A, secrets: ReadonlyArray<Redacted.Redacted>) =>
  Effect.forEach(secrets, (secret) => Effect.orDie(Mac.key(algorithm, utf8.encode(Redacted.value(secret)))))

/** HMAC-SHA256 keys whose bytes are the secrets' text. */
export const sha256Keys = (secrets: ReadonlyArray<Redacted.Redacted>) => textKeys(Mac.hmacSha256, secrets)
