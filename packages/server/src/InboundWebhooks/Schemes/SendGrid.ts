import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { InvalidSigningSecret } from "@do-integrations/domain/Webhook/Signature"
import { Bytes, Effect, Redacted } from "effect"
import { KeyFormat, Signature } from "effect/crypto"
import { Base64 } from "effect/encoding"
import { millisOf, type Scheme, signatureVerifier } from "../Scheme.ts"
import { idOfAll, typeOfAll } from "./Batch.ts"
import { fromDer } from "./Der.ts"
import { fromBase64 } from "./Encodings.ts"

const utf8 = new TextEncoder()

/** Characters of a signature: a DER form of 72 bytes takes 96 of base64. */
const maxSignature = 96

const keyOf = (secret: Redacted.Redacted) =>
  Effect.fromResult(Base64.decode(Redacted.value(secret))).pipe(
    Effect.flatMap((der) => KeyFormat.decodePublic(KeyFormat.spki, Signature.ecdsaP256, der)),
    Effect.mapError(
      () =>
        new InvalidSigningSecret({ expected: "the verification key: an ECDSA public key on P-256 in base64" })
    )
  )

/**
 * Twilio SendGrid, "Event Webhook security features": ECDSA on P-256 with SHA-256 over time and body, under the
 * verification key. A body is a batch of events.
 */
export const sendgrid: Scheme<Extract<InboundScheme, { type: "sendgrid" }>> = {
  verifier: ({ toleranceSeconds }, secrets) =>
    Effect.flatMap(Effect.forEach(secrets, keyOf), (keys) =>
      signatureVerifier(
        keys,
        ({ body, headers }) => {
          const timestamp = headers["x-twilio-email-event-webhook-timestamp"] ?? ""
          const signature = headers["x-twilio-email-event-webhook-signature"] ?? ""
          return {
            signatures: signature.length > maxSignature ? [] : fromBase64(signature).flatMap(fromDer),
            content: Bytes.concat([utf8.encode(timestamp), body]),
            at: millisOf(timestamp)
          }
        },
        toleranceSeconds
      )
    ),
  id: [idOfAll("sg_event_id")],
  eventType: [typeOfAll("event")]
}
