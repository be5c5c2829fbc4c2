import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import {
  type InvalidSigningSecret,
  publicKey,
  signedContent,
  signingKey
} from "@do-integrations/domain/Webhook/Signature"
import { Effect, Redacted } from "effect"
import type { Mac, Signature } from "effect/crypto"
import type { Received } from "../Received.ts"
import {
  eitherVerifier,
  type Claim,
  hmacVerifier,
  millisOf,
  type Scheme,
  signatureVerifier,
  type Verifier
} from "../Scheme.ts"
import { fromBase64, piecesOf, stripped } from "./Encodings.ts"

/** What the names of the three headers begin with. */
type Family = "webhook" | "svix"

/**
 * The signatures of one version over id, timestamp and body. An empty id is none: nothing could be told by it. Nor is
 * one with a dot: what was signed as the body of another message could be taken for its end and the time.
 */
const claimOf = (family: Family, version: "v1" | "v1a", { body, headers }: Received): Claim => {
  const id = headers[`${family}-id`] ?? ""
  const timestamp = headers[`${family}-timestamp`] ?? ""
  const pieces = id === "" || id.includes(".") ? [] : piecesOf(headers[`${family}-signature`], " ")
  return {
    signatures: pieces.flatMap((one) => stripped(one, `${version},`)).flatMap(fromBase64),
    content: signedContent(id, timestamp, body),
    at: millisOf(timestamp)
  }
}

const isPublic = (secret: Redacted.Redacted) => Redacted.value(secret).startsWith("whpk_")

/**
 * The verifier of Standard Webhooks 1.0: `v1` under `whsec_` secrets, `v1a` under `whpk_` public keys. Fails for
 * secrets that are neither.
 */
export const standardVerifier = (
  familyOf: (received: Received) => Family,
  secrets: ReadonlyArray<Redacted.Redacted>,
  toleranceSeconds?: number
): Effect.Effect<Verifier, InvalidSigningSecret, Mac.Mac | Signature.Signature> =>
  Effect.gen(function* () {
    const symmetric = yield* Effect.forEach(
      secrets.filter((secret) => !isPublic(secret)),
      signingKey
    )
    const asymmetric = yield* Effect.forEach(secrets.filter(isPublic), (secret) =>
      publicKey(Redacted.value(secret))
    )
    const hmacs = yield* hmacVerifier(
      symmetric,
      (received) => claimOf(familyOf(received), "v1", received),
      toleranceSeconds
    )
    if (asymmetric.length === 0) return hmacs
    const signatures = yield* signatureVerifier(
      asymmetric,
      (received) => claimOf(familyOf(received), "v1a", received),
      toleranceSeconds
    )
    return symmetric.length === 0 ? signatures : eitherVerifier(hmacs, signatures)
  })

/** Standard Webhooks 1.0, and Svix, where they come from: a list of signatures over id, timestamp and body. */
export const standard: Scheme<Extract<InboundScheme, { type: "standard" }>> = {
  // The family whose id the message is recorded by, or an id could be added to what another one signed.
  verifier: ({ toleranceSeconds }, secrets) =>
    standardVerifier(
      ({ headers }) => (headers["webhook-id"] === undefined ? "svix" : "webhook"),
      secrets,
      toleranceSeconds
    ),
  id: [
    { in: "header", name: "webhook-id" },
    { in: "header", name: "svix-id" }
  ],
  eventType: [{ in: "body", path: "type" }]
}
