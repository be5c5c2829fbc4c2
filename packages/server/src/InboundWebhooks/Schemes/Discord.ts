import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { InvalidSigningSecret } from "@do-integrations/domain/Webhook/Signature"
import { Bytes, Effect, Option, Redacted, Schema } from "effect"
import { Signature } from "effect/crypto"
import { millisOf, type Scheme, signatureVerifier } from "../Scheme.ts"
import { fromHex } from "./Encodings.ts"

const utf8 = new TextEncoder()

const keyOf = Effect.fnUntraced(function* (secret: Redacted.Redacted) {
  const [bytes] = fromHex(Redacted.value(secret))
  if (bytes?.length !== 32) {
    return yield* new InvalidSigningSecret({
      expected: "the application's public key: the 64 hexadecimal digits of an ed25519 key"
    })
  }
  return yield* Effect.orDie(Signature.publicKey(Signature.ed25519, bytes))
})

/** What Discord asks an address before it uses it, and now and then later. */
const asked = Schema.decodeUnknownOption(
  Schema.Struct({ type: Schema.Literals([0, 1]), event: Schema.optionalKey(Schema.Unknown) })
)

/**
 * Discord, "Setting up an endpoint" of interactions and of webhook events: ed25519 over time and body, under the
 * application's public key. Both ask with a PING, which is type 1 of interactions and type 0 of webhook events.
 * Events are answered 204. Interactions want an answer of their own: a webhook that takes them sets its reply.
 */
export const discord: Scheme<Extract<InboundScheme, { type: "discord" }>> = {
  verifier: ({ toleranceSeconds }, secrets) =>
    Effect.flatMap(Effect.forEach(secrets, keyOf), (keys) =>
      signatureVerifier(
        keys,
        ({ body, headers }) => {
          const timestamp = headers["x-signature-timestamp"] ?? ""
          return {
            signatures: fromHex(headers["x-signature-ed25519"] ?? ""),
            content: Bytes.concat([utf8.encode(timestamp), body]),
            at: millisOf(timestamp)
          }
        },
        toleranceSeconds
      )
    ),
  // Interactions have an id; webhook events have none.
  id: [{ in: "body", path: "id" }],
  eventType: [
    { in: "body", path: "event.type" },
    { in: "body", path: "type" }
  ],
  reply: { status: 204 },
  challenge: ({ payload }) => {
    const ping = Option.getOrUndefined(Option.flatMap(payload, asked))
    if (ping?.type === 0) return { status: 204 }
    // Type 1 of webhook events is an event.
    return ping === undefined || ping.event !== undefined
      ? undefined
      : { status: 200, contentType: "application/json", body: '{"type":1}' }
  }
}
