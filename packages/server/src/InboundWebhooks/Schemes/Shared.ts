import { InvalidSigningSecret } from "@do-integrations/domain/Webhook/Signature"
import { Effect, Redacted } from "effect"
import { Mac } from "effect/crypto"
import type { Received } from "../Received.ts"
import { notSigned, unsigned, type Verifier } from "../Scheme.ts"

const utf8 = new TextEncoder()

/**
 * The verifier of senders that send the secret itself. What is compared are HMACs of both under a key of the moment:
 * how long it takes tells nothing of the secrets, not even their length, and they are not kept.
 */
export const sharedVerifier = (
  secrets: ReadonlyArray<Redacted.Redacted>,
  presented: (received: Received) => string | undefined
): Effect.Effect<Verifier, never, Mac.Mac> =>
  Effect.gen(function* () {
    const mac = yield* Mac.Mac
    const key = yield* mac.generateKey(Mac.hmacSha256)
    const tagOf = (text: string) => Effect.orDie(mac.sign(key, utf8.encode(text)))
    const tags = yield* Effect.forEach(secrets, (secret) => tagOf(Redacted.value(secret)))
    return (received: Received) => {
      const text = presented(received)
      if (text === undefined || text === "") return Effect.fail(unsigned())
      return Effect.flatMap(tagOf(text), (sent) => {
        const equal = tags.filter((tag) => Mac.timingSafeEqual(tag, sent))
        return equal.length > 0 ? Effect.void : Effect.fail(notSigned())
      })
    }
  }).pipe(Effect.orDie)

/** Refuses secrets that could never come in as they are. */
export const checkShape = (
  secrets: ReadonlyArray<Redacted.Redacted>,
  shape: RegExp,
  expected: string
): Effect.Effect<void, InvalidSigningSecret> =>
  secrets.every((secret) => shape.test(Redacted.value(secret)))
    ? Effect.void
    : Effect.fail(new InvalidSigningSecret({ expected }))

/** What may stand in a header: ASCII that can be seen, with blanks inside. */
export const headerValue = /^[\u0021-\u007e](?:[\u0020-\u007e]*[\u0021-\u007e])?$/
