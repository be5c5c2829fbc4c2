import { type Array as Arr, Bytes, Effect, Redacted, Result, Schema } from "effect"
import { Mac, Signature } from "effect/crypto"
import { Base64 } from "effect/encoding"

/** How far a signed timestamp may be from now, in seconds (Standard Webhooks 1.0, "Verifying signatures"). */
export const toleranceSeconds = 300

/** Signatures of one message that are looked at: two versions under each of a few keys in rotation. */
export const maxSignatures = 20

/** Characters of a `webhook-signature` that are looked at: more than {@link maxSignatures} take. */
const maxSignatureText = 4096

/** The text is no signing secret and no public key of one. */
export class InvalidSigningSecret extends Schema.TaggedError<InvalidSigningSecret>()("InvalidSigningSecret", {
  /** What the text should have been. */
  expected: Schema.String
}) {
  override get message() {
    return `Expected ${this.expected}`
  }
}

/** Signs messages: `v1` with an HMAC key, `v1a` with an ed25519 one. It prints redacted. */
export type SigningKey = Mac.Key | Signature.PrivateKey<Signature.Ed25519>

/** Proves messages: `v1` with an HMAC key, `v1a` with an ed25519 one. */
export type VerificationKey = Mac.Key | Signature.PublicKey<Signature.Ed25519>

const hmacSecret = "whsec_ and 24 to 64 bytes in base64"
const privateSecret = "whsk_ and the 64 bytes of an ed25519 key in base64: the seed, then the public key"
const publicText = "whpk_ and the 32 bytes of an ed25519 public key in base64"

/** Only the one text that stands for some bytes: the last character could hold bits that nobody reads. */
const fromBase64 = (text: string): Uint8Array | undefined => {
  const bytes = Base64.decode(text)
  return Result.isSuccess(bytes) && Base64.encode(bytes.success) === text ? bytes.success : undefined
}

const keyBytes = (text: string, prefix: "whsk_" | "whpk_", length: number) => {
  const bytes = text.startsWith(prefix) ? fromBase64(text.slice(prefix.length)) : undefined
  return bytes?.length === length ? bytes : undefined
}

/** The HMAC key of a `whsec_` secret, the prefix being optional. Make it once and keep it. */
export const signingKey = Effect.fnUntraced(function* (secret: Redacted.Redacted) {
  const bytes = Base64.decode(Redacted.value(secret).replace(/^whsec_/, ""))
  if (Result.isFailure(bytes) || bytes.success.length < 24 || bytes.success.length > 64) {
    return yield* new InvalidSigningSecret({ expected: hmacSecret })
  }
  return yield* Effect.orDie(Mac.key(Mac.hmacSha256, bytes.success))
})

const ed25519Pair = Effect.fnUntraced(function* (seed: Uint8Array) {
  const signature = yield* Signature.Signature
  const key = yield* Signature.privateKey(Signature.ed25519, seed)
  return { key, publicBytes: yield* Effect.flatMap(signature.publicKeyOf(key), Signature.toBytes) }
}, Effect.orDie)

const readPrivate = Effect.fnUntraced(function* (secret: Redacted.Redacted) {
  const bytes = keyBytes(Redacted.value(secret), "whsk_", 64)
  if (bytes === undefined) return yield* new InvalidSigningSecret({ expected: privateSecret })
  const pair = yield* ed25519Pair(bytes.subarray(0, 32))
  return Bytes.Equivalence(pair.publicBytes, bytes.subarray(32))
    ? pair
    : yield* new InvalidSigningSecret({ expected: privateSecret })
})

/** The ed25519 key of a `whsk_` secret. Make it once and keep it. */
export const privateKey = (secret: Redacted.Redacted) => Effect.map(readPrivate(secret), ({ key }) => key)

/** The ed25519 key that a `whpk_` text holds. Make it once and keep it. */
export const publicKey = Effect.fnUntraced(function* (text: string) {
  const bytes = keyBytes(text, "whpk_", 32)
  if (bytes === undefined) return yield* new InvalidSigningSecret({ expected: publicText })
  return yield* Effect.orDie(Signature.publicKey(Signature.ed25519, bytes))
})

/** The text of an HMAC secret with these random bytes, 24 to 64 of them: `whsec_` and base64. */
export const formatSecret = (bytes: Uint8Array): Redacted.Redacted =>
  Redacted.make(`whsec_${Base64.encode(bytes)}`)

/** The text of an ed25519 secret with 32 random bytes as its seed: `whsk_` and base64. */
export const formatPrivateKey = (seed: Uint8Array) =>
  Effect.map(ed25519Pair(seed), ({ publicBytes }) =>
    Redacted.make(`whsk_${Base64.encode(Bytes.concat([seed, publicBytes]))}`)
  )

/** What receivers verify the signatures of a `whsk_` secret with: `whpk_` and base64. It is no secret. */
export const publicKeyOf = (secret: Redacted.Redacted) =>
  Effect.map(readPrivate(secret), ({ publicBytes }) => `whpk_${Base64.encode(publicBytes)}`)

const utf8 = new TextEncoder()

/** The bytes that Standard Webhooks sign: `id.timestamp.body`, the body as it is on the wire. */
export const signedContent = (id: string, timestamp: string, body: Uint8Array): Uint8Array =>
  Bytes.concat([utf8.encode(`${id}.${timestamp}.`), body])

/**
 * Signs messages. The `webhook-signature` of a message is, for each of the keys in their order, separated by
 * spaces, its version and in base64 the HMAC-SHA256 (`v1`) or ed25519 signature (`v1a`) of {@link signedContent}.
 */
export type Sign = (
  keys: Arr.NonEmptyReadonlyArray<SigningKey>,
  id: string,
  timestamp: string,
  body: Uint8Array
) => Effect.Effect<string>

/** Makes {@link Sign}. To be made once: it is on the way of every delivery. */
export const makeSign: Effect.Effect<Sign, never, Mac.Mac | Signature.Signature> = Effect.gen(function* () {
  const mac = yield* Mac.Mac
  const signature = yield* Signature.Signature

  const one = (key: SigningKey, content: Uint8Array) =>
    Effect.orDie(
      Mac.isKey(key)
        ? Effect.map(mac.sign(key, content), (bytes) => `v1,${Base64.encode(bytes)}`)
        : Effect.map(signature.sign(key, content), (bytes) => `v1a,${Base64.encode(bytes)}`)
    )

  return ([first, ...others], id, timestamp, body) => {
    const content = signedContent(id, timestamp, body)
    return others.length === 0
      ? one(first, content)
      : Effect.map(
          Effect.forEach([first, ...others], (key) => one(key, content)),
          (all) => all.join(" ")
        )
  }
})

/** The signatures in a `webhook-signature` that can be read; versions that nobody knows here are passed over. */
const signaturesOf = (header: string) =>
  header
    .slice(0, maxSignatureText)
    .split(" ")
    .flatMap((one) => {
      const [, version, text] = /^(v1a?),([A-Za-z0-9+/=]+)$/.exec(one) ?? []
      const bytes = text === undefined ? undefined : fromBase64(text)
      return bytes === undefined ? [] : [{ version, bytes }]
    })
    .slice(0, maxSignatures)

/**
 * Whether any of a `webhook-signature`'s signatures holds under any of the keys. Compares in constant time.
 * Says nothing about the timestamp's age.
 */
export const verify = Effect.fnUntraced(function* (
  keys: ReadonlyArray<VerificationKey>,
  id: string,
  timestamp: string,
  body: Uint8Array,
  header: string
) {
  const mac = yield* Mac.Mac
  const signature = yield* Signature.Signature
  const content = signedContent(id, timestamp, body)
  for (const { bytes, version } of signaturesOf(header)) {
    for (const key of keys) {
      if (version === "v1" && Mac.isKey(key) && (yield* mac.verify(key, bytes, content))) return true
      if (version === "v1a" && !Mac.isKey(key) && (yield* signature.verify(key, bytes, content))) return true
    }
  }
  return false
}, Effect.orDie)
