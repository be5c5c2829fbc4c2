import { InvalidSignature } from "@do-integrations/domain/Problem"
import type { Locator } from "@do-integrations/domain/Webhook/Inbound/Locator"
import { type InvalidSigningSecret, toleranceSeconds } from "@do-integrations/domain/Webhook/Signature"
import { Clock, Effect, type Redacted } from "effect"
import { Mac, Signature } from "effect/crypto"
import type { Received } from "./Received.ts"

/** Proves that messages are one sender's. Made once for a webhook and kept, with its keys. */
export type Verifier = (received: Received) => Effect.Effect<void, InvalidSignature>

/** What a sender is answered. */
export interface Reply {
  readonly status: number
  readonly contentType?: string
  readonly body?: string
}

/** Where something that a sender says stands, or what finds it where no place would do. */
export type Place = Locator | ((received: Received) => string | undefined)

/** What a kind of sender says of its messages, and what it wants to hear. */
export interface Traits {
  /** Where the sender's own id of a message stands, the same when it is sent again: the first place that has one. */
  readonly id?: ReadonlyArray<Place>
  /** Where the sender says what happened: the first place that does. */
  readonly eventType?: ReadonlyArray<Place>
  /** What the sender wants to hear of a message that was taken; left out: the receipt. */
  readonly reply?: Reply
  /** Headers that hold a secret itself, in lower case: they are not kept, as those in `SecretHeaders.ts` are not. */
  readonly secretHeaders?: ReadonlyArray<string>
  /** The answer to a request that only wants it, and is no message. Asked once the request is proved. */
  readonly challenge?: (received: Received) => Reply | undefined
}

/** How a kind of sender proves its messages. */
export interface Scheme<Config> extends Traits {
  /** From the webhook's settings and secrets to a verifier. */
  readonly verifier: (
    config: Config,
    secrets: ReadonlyArray<Redacted.Redacted>
  ) => Effect.Effect<Verifier, InvalidSigningSecret, Mac.Mac | Signature.Signature>
}

/** What of a message a scheme looks at that signs. */
export interface Claim {
  /** The signatures that were sent, any of which may hold. */
  readonly signatures: ReadonlyArray<Uint8Array>
  readonly content: Uint8Array
  /** Unix milliseconds that are part of what was signed; `NaN` where it is no time. */
  readonly at?: number
}

/** The refusal of a message whose signature is not there or cannot be read. */
export const unsigned = () => new InvalidSignature({ detail: "The signature header is missing or malformed" })

/** The refusal of a message whose signature is wrong. */
export const notSigned = () =>
  new InvalidSignature({ detail: "No signature holds under the webhook's secrets" })

/** Unix milliseconds of a time that was sent as unix seconds or milliseconds; `NaN` where it is none. */
export const millisOf = (text: string | undefined, unit: "seconds" | "milliseconds" = "seconds"): number =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) * (unit === "seconds" ? 1000 : 1) : Number.NaN

/** Refuses a signed time, in unix milliseconds, that is too far from now. */
export const checkFresh = (at: number, tolerance = toleranceSeconds): Effect.Effect<void, InvalidSignature> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Math.abs(now - at) <= tolerance * 1000
      ? Effect.void
      : Effect.fail(new InvalidSignature({ detail: `The timestamp is not within ${tolerance} s of now` }))
  )

/** A verifier that looks at the time that was signed, and then whether any signature holds. */
const claimVerifier =
  (
    holds: (claim: Claim) => Effect.Effect<boolean>,
    claimOf: (received: Received) => Claim,
    tolerance?: number
  ): Verifier =>
  (received) => {
    const claim = claimOf(received)
    if (claim.signatures.length === 0) return Effect.fail(unsigned())
    const proved = Effect.flatMap(holds(claim), (held) => (held ? Effect.void : Effect.fail(notSigned())))
    return claim.at === undefined ? proved : Effect.andThen(checkFresh(claim.at, tolerance), proved)
  }

/** Whether any of the keys holds, tried in their order. */
const anyKey = <Key>(
  keys: ReadonlyArray<Key>,
  holds: (key: Key) => Effect.Effect<boolean>,
  index = 0
): Effect.Effect<boolean> => {
  const key = keys[index]
  if (key === undefined) return Effect.succeed(false)
  return Effect.flatMap(holds(key), (held) => (held ? Effect.succeed(true) : anyKey(keys, holds, index + 1)))
}

/**
 * The verifier of schemes that send an HMAC: one of the signatures holds under one of the keys, compared in
 * constant time, and a signed time is near enough to now. One HMAC for each key, however many signatures were sent.
 */
export const hmacVerifier = (
  keys: ReadonlyArray<Mac.Key>,
  claimOf: (received: Received) => Claim,
  tolerance?: number
): Effect.Effect<Verifier, never, Mac.Mac> =>
  Effect.map(Mac.Mac, (mac) =>
    claimVerifier(
      ({ content, signatures }) =>
        anyKey(keys, (key) =>
          Effect.map(Effect.orDie(mac.sign(key, content)), (tag) =>
            signatures.some((signature) => Mac.timingSafeEqual(tag, signature))
          )
        ),
      claimOf,
      tolerance
    )
  )

/**
 * Signatures that are tried under each public key, the first ones of a message: a sender in rotation signs with two
 * keys, and each trial costs far more than an HMAC.
 */
const maxPublicSignatures = 2

/** The verifier of schemes that sign with a private key: like {@link hmacVerifier}, over the first two signatures. */
export const signatureVerifier = (
  keys: ReadonlyArray<Signature.PublicKey>,
  claimOf: (received: Received) => Claim,
  tolerance?: number
): Effect.Effect<Verifier, never, Signature.Signature> =>
  Effect.map(Signature.Signature, (signer) =>
    claimVerifier(
      ({ content, signatures }) =>
        anyKey(keys, (key) =>
          anyKey(signatures.slice(0, maxPublicSignatures), (signature) =>
            Effect.orDie(signer.verify(key, signature, content))
          )
        ),
      claimOf,
      tolerance
    )
  )

/** A verifier that takes what either of two takes; its refusal is the second one's. */
export const eitherVerifier =
  (first: Verifier, second: Verifier): Verifier =>
  (received) =>
    first(received).pipe(Effect.catch(() => second(received)))
