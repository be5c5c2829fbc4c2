import { formatSecret, makeSign } from "@do-integrations/domain/Webhook/Signature"
import { assert, describe, layer } from "@effect/vitest"
import { DateTime, Effect, Redacted, Schema } from "effect"
import { Base64 } from "effect/encoding"
import { eventsOf, WebhookBatch, WebhookEvent } from "../src/WebhookEnvelope.ts"
import { WebhookVerifier } from "../src/WebhookVerifier.ts"
import { atNow, crypto, event, id, makeKeys, now, read, reasonOf, signed } from "./support/SignedWebhooks.ts"

const utf8 = new TextEncoder()
const text = new TextDecoder()

const prepared = Effect.gen(function* () {
  yield* atNow
  const keys = yield* makeKeys
  const verifier = yield* WebhookVerifier.make({ secrets: [keys.secret, keys.publicSecret] })
  return { ...keys, verifier }
})

/** The bytes with one of them changed, by a number that may be anything. */
const mutated = (bytes: Uint8Array, seed: number) => {
  const copy = Uint8Array.from(bytes)
  const at = seed % bytes.length
  copy[at] = (bytes[at] ?? 0) ^ (1 + (seed % 255))
  return copy
}

layer(crypto)("WebhookVerifier", (it) => {
  describe("batches", () => {
    const one = { id, ...event }
    const other = { id: "evt_01ja5c3v9tfk8b0000000000ab", ...event, type: "batch.closed", data: null }

    it.effect("bring several events, each with an id of its own", () =>
      Effect.gen(function* () {
        const { ed25519, hmac, verifier } = yield* prepared
        const body = JSON.stringify({ type: "batch", timestamp: event.timestamp, data: [one, other] })
        for (const key of [hmac, ed25519]) {
          const envelope = yield* verifier.verify(yield* signed([key], body, String(now), "bat_1"))
          assert.instanceOf(envelope, WebhookBatch)
          assert.strictEqual(envelope.id, "bat_1")
          assert.strictEqual(DateTime.formatIso(envelope.timestamp), event.timestamp)
          const second = { id: other.id, timestamp: read.timestamp, type: other.type, data: null }
          assert.deepStrictEqual(eventsOf(envelope), [read, new WebhookEvent(second)])
        }
      })
    )

    it.effect("are rejected when any of their events is none", () =>
      Effect.gen(function* () {
        const { hmac, verifier } = yield* prepared
        for (const data of [
          null,
          {},
          "text",
          [null],
          [one, {}],
          [{ ...one, id: 1 }],
          [{ ...one, timestamp: "now" }]
        ]) {
          const body = JSON.stringify({ type: "batch", timestamp: event.timestamp, data })
          assert.strictEqual(yield* reasonOf(verifier, yield* signed([hmac], body)), "MalformedBody", body)
        }
      })
    )
  })

  it.effect("rejects bodies that are no webhooks, though their signature holds", () =>
    Effect.gen(function* () {
      const { hmac, verifier } = yield* prepared
      for (const body of [
        "",
        " ",
        "null",
        "[]",
        "{",
        "{}",
        JSON.stringify(JSON.stringify(event)),
        JSON.stringify({ ...event, type: 1 }),
        JSON.stringify({ ...event, type: undefined }),
        JSON.stringify({ ...event, timestamp: 1_770_091_506 }),
        JSON.stringify({ ...event, timestamp: "yesterday" }),
        JSON.stringify({ type: event.type, timestamp: event.timestamp }),
        `${JSON.stringify(event)}}`,
        Uint8Array.of(0xff, 0xfe),
        Uint8Array.of(...utf8.encode(JSON.stringify(event)).subarray(0, -2), 0xc3, 0x22, 0x7d, 0x7d)
      ]) {
        const error = yield* Effect.flip(verifier.verify(yield* signed([hmac], body)))
        assert.strictEqual(error.reason._tag, "MalformedBody", String(body))
        assert.match(error.message, /^The webhook is rejected: the body is malformed: ./)
      }
    })
  )

  it.effect.prop(
    "rejects what differs in any byte from what was signed",
    [Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 31 })), Schema.Json],
    ([seed, data]) =>
      Effect.gen(function* () {
        const { ed25519, hmac, verifier } = yield* prepared
        const body = utf8.encode(JSON.stringify({ ...event, data }))
        for (const key of [hmac, ed25519]) {
          const request = yield* signed([key], body)
          const { headers } = request
          yield* verifier.verify(request)
          const differing = { headers, body: mutated(body, seed) }
          assert.strictEqual(yield* reasonOf(verifier, differing), "NoMatchingSignature")
          const cut = { headers, body: body.subarray(0, seed % body.length) }
          assert.strictEqual(yield* reasonOf(verifier, cut), "NoMatchingSignature")
          for (const name of ["webhook-id", "webhook-signature"] as const) {
            const value = text.decode(mutated(utf8.encode(headers[name]), seed))
            const reason = yield* reasonOf(verifier, { headers: { ...headers, [name]: value }, body })
            assert.strictEqual(reason, "NoMatchingSignature", value)
          }
          const later = { ...headers, "webhook-timestamp": String(now + 1 + (seed % 300)) }
          assert.strictEqual(yield* reasonOf(verifier, { headers: later, body }), "NoMatchingSignature")
        }
      }),
    { arbitrary: { runs: 100 } }
  )

  it.effect("rejects an id that takes part of what was signed", () =>
    Effect.gen(function* () {
      const { hmac, verifier } = yield* prepared
      // The same bytes are signed: `id.timestamp.timestamp.body`.
      const body = JSON.stringify(event)
      const { headers } = yield* signed([hmac], `${now}.${body}`)
      const moved = { ...headers, "webhook-id": `${id}.${now}` }
      assert.strictEqual(
        headers["webhook-signature"],
        yield* (yield* makeSign)([hmac], moved["webhook-id"], String(now), utf8.encode(body))
      )
      assert.strictEqual(yield* reasonOf(verifier, { headers: moved, body }), "NoMatchingSignature")
    })
  )

  it.effect("stays quick and calm whatever the headers hold", () =>
    Effect.gen(function* () {
      const { ed25519, hmac, verifier } = yield* prepared
      const { body, headers } = yield* signed([hmac])
      const good = headers["webhook-signature"]
      const carrying = (signature: string) => ({
        headers: { ...headers, "webhook-signature": signature },
        body
      })
      const wrong = `v1,${Base64.encode(new Uint8Array(32))}`
      const wrongPublic = `v1a,${Base64.encode(new Uint8Array(64))}`
      for (const signature of [
        "v1,",
        "v1",
        ",",
        good.slice(0, -1),
        `${good}=`,
        good.replace("v1,", "v1a,"),
        good.replace("v1,", "v2,"),
        good.replace("v1,", "v1,\u0000"),
        "v1,!!!!",
        "v1,====",
        wrong,
        wrongPublic,
        "v1,AAAA",
        " ".repeat(10_000_000),
        "v1,".repeat(3_333_333),
        `v1,${"A".repeat(10_000_000)}`,
        `${wrong} `.repeat(210_000),
        `${wrongPublic} `.repeat(108_000),
        `${`${wrong} `.repeat(210_000)}${good}`
      ]) {
        const reason = yield* reasonOf(verifier, carrying(signature))
        assert.strictEqual(reason, "NoMatchingSignature", signature.slice(0, 100))
      }
      const { headers: alone } = yield* signed([ed25519])
      for (const signature of [
        `  ${good}   `,
        `${wrong}  ${wrongPublic} v0,abc v9,?? x ${good}`,
        `${alone["webhook-signature"]} ${wrong}`,
        `${good}${" ".repeat(10_000_000)}`
      ]) {
        assert.deepStrictEqual(yield* verifier.verify(carrying(signature)), read)
      }
      const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`x-${index}`, "v"]))
      assert.deepStrictEqual(yield* verifier.verify({ headers: { ...many, ...headers }, body }), read)
      const huge = { ...headers, "webhook-timestamp": "1".repeat(10_000_000) }
      assert.strictEqual(yield* reasonOf(verifier, { headers: huge, body }), "InvalidTimestamp")
    })
  )

  it.effect("is not made of what is no secret, and shows none", () =>
    Effect.gen(function* () {
      const { publicSecret, secret } = yield* makeKeys
      const short = Redacted.value(formatSecret(new Uint8Array(16).fill(0x68)))
      for (const text of [
        "",
        "whsec_",
        "whpk_",
        "whsk_aGh",
        short,
        Redacted.value(publicSecret).slice(0, -4)
      ]) {
        const error = yield* Effect.flip(WebhookVerifier.make({ secrets: [secret, Redacted.make(text)] }))
        assert.strictEqual(error._tag, "InvalidSecret")
        assert.match(error.message, /^Expected wh(?:sec|pk)_ and /)
        assert.notMatch(error.message, /aGh/)
      }
      const none = yield* Effect.flip(WebhookVerifier.make({ secrets: [] }))
      assert.strictEqual(none.message, "Expected at least one secret")
    })
  )
})
