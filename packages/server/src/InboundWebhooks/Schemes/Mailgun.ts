import { type InboundScheme, mailgunToleranceSeconds } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { Effect, Option, Schema } from "effect"
import type { Received } from "../Received.ts"
import { type Claim, hmacVerifier, millisOf, type Scheme } from "../Scheme.ts"
import { fromHex } from "./Encodings.ts"
import { sha256Keys } from "./Keys.ts"

const Signed = Schema.Struct({
  timestamp: Schema.Union([Schema.String, Schema.Int]),
  token: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(255)),
  signature: Schema.String,
  /** By the account above, where it is a subaccount's event. */
  "parent-signature": Schema.optionalKey(Schema.String)
})

const decodeEvent = Schema.decodeUnknownOption(Schema.Struct({ signature: Signed }))
const decodeForm = Schema.decodeUnknownOption(Signed)

const utf8 = new TextEncoder()

const claimOf = ({ payload }: Received): Claim => {
  const found = Option.flatMap(payload, (body) =>
    Option.orElse(
      Option.map(decodeEvent(body), ({ signature }) => signature),
      () => decodeForm(body)
    )
  )
  if (Option.isNone(found)) return { signatures: [], content: new Uint8Array() }
  const { signature, timestamp: time, token, "parent-signature": parent = "" } = found.value
  const timestamp = String(time)
  return {
    signatures: [signature, parent].flatMap(fromHex),
    content: utf8.encode(timestamp + token),
    // Ten digits, or the end of the time could be taken for the beginning of the token.
    at: /^\d{10}$/.test(timestamp) ? millisOf(timestamp) : Number.NaN
  }
}

/**
 * Mailgun, "Securing webhooks": an HMAC of a time and a token, which stand in the body: JSON, or the form of older
 * messages. **The rest of the body is not signed**: who reads one message can write others with its token. So the
 * token is the message's id, and a message with a token that was there before is a repetition.
 */
export const mailgun: Scheme<Extract<InboundScheme, { type: "mailgun" }>> = {
  verifier: ({ toleranceSeconds = mailgunToleranceSeconds }, secrets) =>
    Effect.flatMap(sha256Keys(secrets), (keys) => hmacVerifier(keys, claimOf, toleranceSeconds)),
  id: [
    { in: "body", path: "signature.token" },
    { in: "body", path: "token" }
  ],
  eventType: [
    { in: "body", path: "event-data.event" },
    { in: "body", path: "event" }
  ]
}
