import {
  formatPrivateKey,
  formatSecret,
  privateKey,
  publicKeyOf,
  makeSign,
  type SigningKey,
  signingKey
} from "@do-integrations/domain/Webhook/Signature"
import { type Array as Arr, DateTime, Effect, Layer, Redacted } from "effect"
import { Mac, SecureRandom, Signature } from "effect/crypto"
import { TestClock } from "effect/testing"
import { WebhookEvent } from "../../src/WebhookEnvelope.ts"
import type { WebhookRejected } from "../../src/WebhookRejected.ts"
import type { WebhookRequest, WebhookVerifier } from "../../src/WebhookVerifier.ts"

/** What signs webhooks. */
export const crypto = Layer.merge(Mac.layerWebCrypto, Signature.layerWebCrypto).pipe(
  Layer.provideMerge(SecureRandom.layerWebCrypto)
)
const utf8 = new TextEncoder()

/** 2026-02-03T04:05:06Z, in seconds. */
export const now = 1_770_091_506
export const atNow = TestClock.setTime(now * 1000)

export const id = "evt_01ja5c3v9tfk8b0000000000aa"

/** The body of a webhook. */
export const event = {
  type: "invoice.paid",
  timestamp: "2026-02-03T04:05:00.000Z",
  data: { invoice: "in_1042", amount: 4200 }
}

/** The same, as it is read. */
export const read = new WebhookEvent({
  id,
  type: event.type,
  timestamp: DateTime.makeUnsafe(event.timestamp),
  data: event.data
})

/** What one endpoint signs with in either form, and what its consumer is given. */
export const makeKeys = Effect.gen(function* () {
  const random = yield* SecureRandom.SecureRandom
  const secret = formatSecret(yield* random.randomBytes(32))
  const privateSecret = yield* formatPrivateKey(yield* random.randomBytes(32))
  return {
    secret,
    hmac: yield* signingKey(secret),
    publicSecret: Redacted.make(yield* publicKeyOf(privateSecret)),
    ed25519: yield* privateKey(privateSecret)
  }
})

/** A request under these keys. */
export const signed = Effect.fnUntraced(function* (
  keys: Arr.NonEmptyReadonlyArray<SigningKey>,
  body: Uint8Array | string = JSON.stringify(event),
  timestamp = String(now),
  webhookId = id
) {
  const bytes = typeof body === "string" ? utf8.encode(body) : body
  const signature = yield* (yield* makeSign)(keys, webhookId, timestamp, bytes)
  return {
    headers: { "webhook-id": webhookId, "webhook-timestamp": timestamp, "webhook-signature": signature },
    body
  }
})

/** Why a request is rejected. */
export const reasonOf = (verifier: WebhookVerifier["Service"], request: WebhookRequest) =>
  Effect.map(Effect.flip(verifier.verify(request)), ({ reason }: WebhookRejected) => reason._tag)
