import { assert, describe, layer } from "@effect/vitest"
import { Array as Arr, Effect, Layer, Redacted, Schema } from "effect"
import { Mac, SecureRandom, Signature } from "effect/crypto"
import { Base64 } from "effect/encoding"
import { Webhook as StandardWebhook } from "standardwebhooks"
import { Webhook as SvixWebhook } from "svix"
import {
  formatPrivateKey,
  formatSecret,
  maxSignatures,
  privateKey,
  publicKey,
  publicKeyOf,
  makeSign,
  signingKey,
  verify
} from "../src/Webhook/Signature.ts"

const crypto = Layer.merge(Mac.layerWebCrypto, Signature.layerWebCrypto).pipe(
  Layer.provideMerge(SecureRandom.layerWebCrypto)
)
const utf8 = new TextEncoder()
const text = new TextDecoder()

/** The vectors of the specification of Standard Webhooks. */
const vector = {
  secret: Redacted.make("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
  privateSecret: Redacted.make(
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
  ),
  publicText: "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestamp: "1614265330",
  body: utf8.encode('{"test": 2432232314}'),
  v1: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  v1a: "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
}

const keysOf = Effect.gen(function* () {
  const random = yield* SecureRandom.SecureRandom
  const secret = formatSecret(yield* random.randomBytes(32))
  const privateSecret = yield* formatPrivateKey(yield* random.randomBytes(32))
  return {
    secret,
    hmac: yield* signingKey(secret),
    ed25519: yield* privateKey(privateSecret),
    publicKey: yield* publicKey(yield* publicKeyOf(privateSecret))
  }
})

const Message = Schema.Struct({
  id: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{1,40}$/)),
  timestamp: Schema.String.check(Schema.isPattern(/^[0-9]{1,12}$/)),
  body: Schema.Uint8Array
})

/** The bytes with one of them changed, by a number that may be anything. */
const mutated = (bytes: Uint8Array, seed: number) => {
  const copy = Uint8Array.from(bytes)
  const at = seed % bytes.length
  copy[at] = (bytes[at] ?? 0) ^ (1 + (seed % 255))
  return copy
}

layer(crypto)("signatures", (it) => {
  describe("vectors", () => {
    it.effect("of v1 and v1a", () =>
      Effect.gen(function* () {
        const { body, id, timestamp, v1, v1a } = vector
        const hmac = yield* signingKey(vector.secret)
        const ed25519 = yield* privateKey(vector.privateSecret)
        assert.strictEqual(yield* (yield* makeSign)([hmac], id, timestamp, body), v1)
        assert.strictEqual(yield* (yield* makeSign)([ed25519], id, timestamp, body), v1a)
        assert.strictEqual(yield* (yield* makeSign)([hmac, ed25519], id, timestamp, body), `${v1} ${v1a}`)
        const known = yield* publicKey(vector.publicText)
        assert.isTrue(yield* verify([hmac], id, timestamp, body, v1))
        assert.isTrue(yield* verify([known], id, timestamp, body, v1a))
        assert.isFalse(yield* verify([known], id, timestamp, body, v1))
        assert.isFalse(yield* verify([hmac], id, timestamp, body, v1a))
      })
    )

    it.effect("of keys as text", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* publicKeyOf(vector.privateSecret), vector.publicText)
        const bytes = Buffer.from(Redacted.value(vector.privateSecret).slice("whsk_".length), "base64")
        const again = yield* formatPrivateKey(new Uint8Array(bytes.subarray(0, 32)))
        assert.strictEqual(Redacted.value(again), Redacted.value(vector.privateSecret))
        assert.strictEqual(String(yield* privateKey(again)).includes("6Xb"), false)
      })
    )
  })

  it.effect.prop("are read by the libraries of receivers, beside others", [Message], ([message]) =>
    Effect.gen(function* () {
      const { ed25519, hmac, secret } = yield* keysOf
      const other = yield* keysOf
      const timestamp = String(Math.floor(Date.now() / 1000))
      const body = utf8.encode(JSON.stringify(text.decode(message.body)))
      const headers = {
        "webhook-id": message.id,
        "webhook-timestamp": timestamp,
        "webhook-signature": yield* (yield* makeSign)(
          [ed25519, other.hmac, hmac],
          message.id,
          timestamp,
          body
        )
      }
      for (const Reader of [StandardWebhook, SvixWebhook]) {
        const reader = new Reader(Redacted.value(secret))
        assert.doesNotThrow(() => reader.verify(text.decode(body), headers))
        assert.throws(() => reader.verify(`${text.decode(body)} `, headers))
        const stranger = new Reader(Redacted.value(formatSecret(new Uint8Array(32))))
        assert.throws(() => stranger.verify(text.decode(body), headers))
      }
    })
  )

  it.effect.prop(
    "hold for the message that was signed, under any of the keys",
    [Message],
    ([{ body, id, timestamp }]) =>
      Effect.gen(function* () {
        const [one, two, stranger] = [yield* keysOf, yield* keysOf, yield* keysOf]
        const keys = [one.hmac, one.publicKey, two.hmac, two.publicKey] as const
        for (const key of [one.hmac, one.ed25519, two.hmac, two.ed25519]) {
          const header = yield* (yield* makeSign)([key], id, timestamp, body)
          assert.isTrue(yield* verify(keys, id, timestamp, body, header))
          assert.isTrue(yield* verify(keys.toReversed(), id, timestamp, body, header))
          assert.isFalse(yield* verify([stranger.hmac, stranger.publicKey], id, timestamp, body, header))
          assert.isFalse(yield* verify([], id, timestamp, body, header))
        }
      }),
    { arbitrary: { runs: 30 } }
  )

  it.effect.prop(
    "hold for no other message, and no other signature holds",
    [Message, Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 31 }))],
    ([{ body, id, timestamp }, seed]) =>
      Effect.gen(function* () {
        const { ed25519, hmac, publicKey } = yield* keysOf
        const holds = (id: string, timestamp: string, body: Uint8Array, header: string) =>
          verify([hmac, publicKey], id, timestamp, body, header)
        for (const key of [hmac, ed25519]) {
          const header = yield* (yield* makeSign)([key], id, timestamp, body)
          assert.isTrue(yield* holds(id, timestamp, body, header))
          if (body.length > 0) assert.isFalse(yield* holds(id, timestamp, mutated(body, seed), header))
          assert.isFalse(yield* holds(id, timestamp, Uint8Array.from([...body, seed % 256]), header))
          const otherId = text.decode(mutated(utf8.encode(id), seed & 0x0f0f_0f0f))
          if (otherId !== id) assert.isFalse(yield* holds(otherId, timestamp, body, header))
          assert.isFalse(yield* holds(id, `${timestamp}0`, body, header))
          assert.isFalse(yield* holds(id, String(Number(timestamp) + 1), body, header))
          const otherHeader = text.decode(mutated(utf8.encode(header), seed))
          assert.isFalse(yield* holds(id, timestamp, body, otherHeader), otherHeader)
        }
      }),
    { arbitrary: { runs: 100 } }
  )

  it.effect("hold in one writing only", () =>
    Effect.gen(function* () {
      const { body, id, timestamp, v1 } = vector
      const hmac = yield* signingKey(vector.secret)
      const holds = (header: string) => verify([hmac], id, timestamp, body, header)
      // The last character's two lowest bits stand for nothing.
      const bytes = v1.slice("v1,".length)
      assert.deepStrictEqual(Base64.decode(bytes), Base64.decode(bytes.replace("OE=", "OF=")))
      for (const header of [
        v1.replace("OE=", "OF="),
        v1.replace("=", ""),
        v1.replace("+", "-"),
        v1.replace("v1,", "V1,"),
        v1.replace("v1,", "v1"),
        v1.replace("v1,", "v1,,"),
        v1.replace("v1,", "v1, "),
        v1.replace("v1,", "v1a,"),
        v1.replace("v1,", "v2,"),
        `${v1}\n`,
        `${v1},`,
        `${v1}\t${v1}`,
        bytes,
        "",
        "v1,"
      ]) {
        assert.isFalse(yield* holds(header), header)
      }
    })
  )

  it.effect("are found among others, as far as is looked", () =>
    Effect.gen(function* () {
      const { body, id, timestamp, v1 } = vector
      const hmac = yield* signingKey(vector.secret)
      const holds = (header: string) => verify([hmac], id, timestamp, body, header)
      const wrong = `v1,${Base64.encode(new Uint8Array(32))}`
      assert.isTrue(yield* holds(`v2,abc v0,!! nonsense ${v1}`))
      assert.isTrue(yield* holds(`  ${v1}  `))
      assert.isTrue(yield* holds(`${v1}${" ".repeat(10_000_000)}`))
      assert.isTrue(yield* holds([...Arr.replicate(wrong, maxSignatures - 1), v1].join("  ")))
      assert.isFalse(yield* holds([...Arr.replicate(wrong, maxSignatures), v1].join(" ")))
      assert.isFalse(yield* holds(`${`${wrong} `.repeat(200_000)}${v1}`))
      assert.isFalse(yield* holds(`v1,${"A".repeat(10_000_000)}`))
    })
  )

  it.effect("are made with keys of the right form only", () =>
    Effect.gen(function* () {
      const of = (length: number) => Base64.encode(new Uint8Array(length).fill(7))
      for (const secret of ["", "whsec_", "whsec_!", `whsec_${of(23)}`, `whsec_${of(65)}`]) {
        const error = yield* Effect.flip(signingKey(Redacted.make(secret)))
        assert.strictEqual(error.message, "Expected whsec_ and 24 to 64 bytes in base64")
      }
      for (const length of [24, 32, 64]) yield* signingKey(Redacted.make(`whsec_${of(length)}`))
      // The public half of another seed.
      const torn = Redacted.value(vector.privateSecret).replace("whsk_6Xb", "whsk_7Xb")
      const { secret } = vector
      for (const text of ["", "whsk_", `whsk_${of(32)}`, `whsk_${of(64)}`, torn, Redacted.value(secret)]) {
        const secret = Redacted.make(text)
        for (const read of [Effect.asVoid(privateKey(secret)), Effect.asVoid(publicKeyOf(secret))]) {
          const error = yield* Effect.flip(read)
          assert.match(error.message, /^Expected whsk_ and the 64 bytes/)
          assert.notInclude(error.message, "7Xb")
        }
      }
      const texts = ["", "whpk_", `whpk_${of(31)}`, `whpk_${of(33)}`, of(32), `whpk_ ${of(32)}`]
      for (const text of [...texts, vector.publicText.replace("=", "")]) {
        assert.match((yield* Effect.flip(publicKey(text))).message, /^Expected whpk_ and the 32 bytes/)
      }
    })
  )
})
