import { InvalidSignature } from "@do-integrations/domain/Problem"
import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound"
import { signedContent, signingKey, toleranceSeconds } from "@do-integrations/domain/Webhook/Signature"
import { Clock, Effect, Redacted, Result } from "effect"
import { Mac } from "effect/crypto"
import { Base64, Hex } from "effect/encoding"
import type { Headers } from "effect/http"

/** A message as it came in. */
export interface Received {
  readonly headers: Headers.Headers
  readonly body: Uint8Array
}

/** What a sender says of a message that is its own. */
export interface Verified {
  /** The sender's id of the message, for recording it once. */
  readonly externalId?: string | undefined
  /** The sender's name for what happened. */
  readonly eventType?: string | undefined
}

/** What of a message a scheme looks at. */
interface Claim extends Verified {
  /** The signatures that were sent, any of which may hold. */
  readonly signatures: ReadonlyArray<Uint8Array>
  readonly content: Uint8Array
  /** Unix seconds that are part of what was signed. */
  readonly timestamp?: string | undefined
}

/** Signatures that are looked at: senders rotate between two or three secrets. */
const maxSignatures = 10

const utf8 = new TextEncoder()

const fromHex = (text: string) => {
  const bytes = Hex.decode(text)
  return Result.isSuccess(bytes) ? [bytes.success] : []
}

/** Only the one text that stands for some bytes: the last character could hold bits that nobody reads. */
const fromBase64 = (text: string) => {
  const bytes = Base64.decode(text)
  return Result.isSuccess(bytes) && Base64.encode(bytes.success) === text ? [bytes.success] : []
}

const stripped = (text: string | undefined, prefix: string) =>
  text !== undefined && text.startsWith(prefix) ? [text.slice(prefix.length)] : []

/** GitHub, "Validating webhook deliveries": an HMAC of the body alone. */
const github = ({ body, headers }: Received): Claim => ({
  signatures: stripped(headers["x-hub-signature-256"], "sha256=").flatMap(fromHex),
  content: body,
  externalId: headers["x-github-delivery"],
  eventType: headers["x-github-event"]
})

/** Standard Webhooks 1.0, and Svix, where they come from: a list of signatures over id, timestamp and body. */
const standard = ({ body, headers }: Received): Claim => {
  const sender = headers["webhook-signature"] === undefined ? "svix" : "webhook"
  const id = headers[`${sender}-id`] ?? ""
  const timestamp = headers[`${sender}-timestamp`] ?? ""
  return {
    signatures: (headers[`${sender}-signature`] ?? "")
      .split(" ", maxSignatures)
      .flatMap((one) => stripped(one, "v1,"))
      .flatMap(fromBase64),
    content: signedContent(id, timestamp, body),
    timestamp,
    externalId: id
  }
}

const hmac = (scheme: Extract<InboundScheme, { type: "hmac" }>, { body, headers }: Received): Claim => {
  const header = (name: string | undefined) => (name === undefined ? undefined : headers[name.toLowerCase()])
  const timestamp = scheme.timestampHeader === undefined ? undefined : (header(scheme.timestampHeader) ?? "")
  const content = timestamp === undefined ? body : new Uint8Array([...utf8.encode(`${timestamp}.`), ...body])
  return {
    signatures: stripped(header(scheme.header), scheme.prefix ?? "").flatMap(
      scheme.encoding === "hex" ? fromHex : fromBase64
    ),
    content,
    timestamp,
    externalId: header(scheme.idHeader)
  }
}

const claimOf = (scheme: InboundScheme, received: Received): Claim => {
  switch (scheme.type) {
    case "github":
      return github(received)
    case "standard":
      return standard(received)
    case "hmac":
      return hmac(scheme, received)
  }
}

const fresh = (timestamp: string, now: number) =>
  /^\d{1,12}$/.test(timestamp) && Math.abs(now / 1000 - Number(timestamp)) <= toleranceSeconds

/** The HMAC keys of a webhook's secrets; Standard Webhooks write theirs in base64. */
export const keysOf = Effect.fnUntraced(function* (
  scheme: InboundScheme,
  secrets: ReadonlyArray<Redacted.Redacted>
) {
  if (scheme.type === "standard") return yield* Effect.forEach(secrets, signingKey)
  const algorithm = scheme.type === "hmac" ? algorithms[scheme.algorithm] : Mac.hmacSha256
  return yield* Effect.forEach(secrets, (secret) =>
    Effect.orDie(Mac.key<Mac.Algorithm>(algorithm, utf8.encode(Redacted.value(secret))))
  )
})

const algorithms = { sha256: Mac.hmacSha256, sha384: Mac.hmacSha384, sha512: Mac.hmacSha512 }

/**
 * Proves that a message is its sender's: one of its signatures holds under one of the keys, compared in
 * constant time, and a signed timestamp is at most 300 s from now.
 */
export const verify = Effect.fnUntraced(function* (
  scheme: InboundScheme,
  keys: ReadonlyArray<Mac.Key>,
  received: Received
) {
  const mac = yield* Mac.Mac
  const claim = claimOf(scheme, received)
  if (claim.signatures.length === 0) {
    return yield* new InvalidSignature({ detail: "The signature header is missing or malformed" })
  }
  if (claim.timestamp !== undefined && !fresh(claim.timestamp, yield* Clock.currentTimeMillis)) {
    return yield* new InvalidSignature({ detail: `The timestamp is not within ${toleranceSeconds} s of now` })
  }
  for (const key of keys) {
    for (const signature of claim.signatures) {
      if (yield* Effect.orDie(mac.verify(key, signature, claim.content))) {
        const { eventType, externalId } = claim
        return { eventType, externalId: externalId === "" ? undefined : externalId } satisfies Verified
      }
    }
  }
  return yield* new InvalidSignature({ detail: "No signature holds under the webhook's secrets" })
})
