import { InvalidSignature } from "@do-integrations/domain/Problem"
import { type InvalidSigningSecret, toleranceSeconds } from "@do-integrations/domain/Webhook/Signature"
import { Clock, Effect, type Redacted } from "effect"
import { Mac } from "effect/crypto"

/** A message as it came in. */
export interface Received {
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
}

/** What a sender says of a message that is its own. */
export interface Verified {
  /** The sender's id of the message, for recording it once. */
  readonly externalId?: string | undefined
  /** The sender's name for what happened. */
  readonly eventType?: string | undefined
}

/** Proves that messages are one sender's. Made once for a webhook and kept, with its keys. */
export type Verifier = (received: Received) => Effect.Effect<Verified, InvalidSignature>

/** How a kind of sender proves its messages: from its settings and secrets to a verifier. */
export type Scheme<Config> = (
  config: Config,
  secrets: ReadonlyArray<Redacted.Redacted>
) => Effect.Effect<Verifier, InvalidSigningSecret, Mac.Mac>

/** What of a message an HMAC scheme looks at. */
export interface Claim extends Verified {
  /** The signatures that were sent, any of which may hold. */
  readonly signatures: ReadonlyArray<Uint8Array>
  readonly content: Uint8Array
  /** Unix seconds that are part of what was signed. */
  readonly timestamp?: string | undefined
}

const fresh = (timestamp: string, now: number) =>
  /^\d{1,12}$/.test(timestamp) && Math.abs(now / 1000 - Number(timestamp)) <= toleranceSeconds

/**
 * The verifier of schemes that send an HMAC: one of the signatures holds under one of the keys, compared in
 * constant time, and a signed timestamp is at most 300 s from now.
 */
export const hmacVerifier = Effect.fnUntraced(function* (
  keys: ReadonlyArray<Mac.Key>,
  claimOf: (received: Received) => Claim
) {
  const mac = yield* Mac.Mac
  return Effect.fnUntraced(function* (received: Received) {
    const { content, eventType, externalId, signatures, timestamp } = claimOf(received)
    if (signatures.length === 0) {
      return yield* new InvalidSignature({ detail: "The signature header is missing or malformed" })
    }
    if (timestamp !== undefined && !fresh(timestamp, yield* Clock.currentTimeMillis)) {
      return yield* new InvalidSignature({
        detail: `The timestamp is not within ${toleranceSeconds} s of now`
      })
    }
    for (const key of keys) {
      for (const signature of signatures) {
        if (yield* Effect.orDie(mac.verify(key, signature, content))) {
          return { eventType, externalId: externalId === "" ? undefined : externalId } satisfies Verified
        }
      }
    }
    return yield* new InvalidSignature({ detail: "No signature holds under the webhook's secrets" })
  })
})
