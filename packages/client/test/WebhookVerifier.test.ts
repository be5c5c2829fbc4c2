import { type SigningKey, signingKey } from "@do-integrations/domain/Webhook/Signature"
import { assert, layer } from "@effect/vitest"
import { type Array as Arr, Duration, Effect, Redacted } from "effect"
import { Headers as EffectHeaders } from "effect/http"
import { TestClock } from "effect/testing"
import { Webhook as StandardWebhook } from "standardwebhooks"
import { Webhook as SvixWebhook } from "svix"
import { eventsOf, WebhookEvent } from "../src/WebhookEnvelope.ts"
import { WebhookVerifier } from "../src/WebhookVerifier.ts"
import { atNow, crypto, event, id, makeKeys, now, read, reasonOf, signed } from "./support/SignedWebhooks.ts"

const utf8 = new TextEncoder()

layer(crypto)("WebhookVerifier", (it) => {
  it.effect("reads an event, its body as text or bytes", () =>
    Effect.gen(function* () {
      yield* atNow
      const { hmac, secret } = yield* makeKeys
      const verifier = yield* WebhookVerifier.make({ secrets: secret })
      const request = yield* signed([hmac])
      assert.deepStrictEqual(yield* verifier.verify(request), read)
      const body = utf8.encode(JSON.stringify(event))
      assert.deepStrictEqual(yield* verifier.verify({ ...request, body }), read)
      assert.deepStrictEqual(eventsOf(read), [read])
    })
  )

  it.effect("reads events of any type and form of data, and passes over what it does not know", () =>
    Effect.gen(function* () {
      yield* atNow
      const { hmac, secret } = yield* makeKeys
      const verifier = yield* WebhookVerifier.make({ secrets: [secret] })
      for (const data of [
        null,
        0,
        "text",
        [],
        [{ id: "a", type: "b" }],
        { nested: { deeply: [1] } },
        "ünï\u0000"
      ]) {
        const request = yield* signed([hmac], JSON.stringify({ ...event, data, later: true }))
        const envelope = yield* verifier.verify(request)
        assert.deepStrictEqual(envelope, new WebhookEvent({ ...read, data }))
      }
    })
  )

  it.effect("is a service of its own", () =>
    Effect.gen(function* () {
      yield* atNow
      const { hmac, secret } = yield* makeKeys
      const request = yield* signed([hmac])
      const verified = WebhookVerifier.use((verifier) => verifier.verify(request))
      assert.deepStrictEqual(
        yield* Effect.provide(verified, WebhookVerifier.layer({ secrets: secret })),
        read
      )
    })
  )

  it.effect("reads what other senders of Standard Webhooks sign", () =>
    Effect.gen(function* () {
      yield* atNow
      const { secret } = yield* makeKeys
      const verifier = yield* WebhookVerifier.make({ secrets: secret })
      const body = JSON.stringify(event)
      for (const Sender of [StandardWebhook, SvixWebhook]) {
        const signature = new Sender(Redacted.value(secret)).sign(id, new Date(now * 1000), body)
        const { headers } = yield* signed([yield* signingKey(secret)])
        assert.strictEqual(signature, headers["webhook-signature"])
        assert.deepStrictEqual(yield* verifier.verify({ headers, body }), read)
      }
    })
  )

  it.effect("holds by the vectors of the specification", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_614_265_330_000)
      const vectors = {
        whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=":
          "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
      }
      for (const [secret, signature] of Object.entries(vectors)) {
        const verifier = yield* WebhookVerifier.make({ secrets: Redacted.make(secret) })
        const headers = {
          "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
          "webhook-timestamp": "1614265330",
          "webhook-signature": signature
        }
        // The signature holds; the vector's body is no event.
        const body = '{"test": 2432232314}'
        assert.strictEqual(yield* reasonOf(verifier, { headers, body }), "MalformedBody")
        const others = Object.values(vectors).filter((other) => other !== signature)
        const other = { ...headers, "webhook-signature": others.join(" ") }
        assert.strictEqual(yield* reasonOf(verifier, { headers: other, body }), "NoMatchingSignature")
        assert.strictEqual(
          yield* reasonOf(verifier, { headers, body: '{"test":2432232314}' }),
          "NoMatchingSignature"
        )
      }
    })
  )

  it.effect("takes headers as fetch, Node and records have them", () =>
    Effect.gen(function* () {
      yield* atNow
      const { hmac, secret } = yield* makeKeys
      const verifier = yield* WebhookVerifier.make({ secrets: secret })
      const body = JSON.stringify(event)
      const { headers } = yield* signed([hmac], body)
      const entries = Object.entries(headers)
      const web = new Request("http://127.0.0.1/", { method: "POST", headers, body })
      for (const form of [
        web.headers,
        new Headers(entries.map(([name, value]) => [name.toUpperCase(), value])),
        EffectHeaders.fromInput(headers),
        Object.fromEntries(entries.map(([name, value]) => [name.toUpperCase(), value])),
        Object.fromEntries(entries.map(([name, value]) => [name, [value]])),
        { ...headers, get: "a header of this name", host: undefined }
      ]) {
        assert.deepStrictEqual(yield* verifier.verify({ headers: form, body }), read)
      }
      const split = { ...headers, "webhook-signature": ["v1,AAAA", headers["webhook-signature"]] }
      assert.deepStrictEqual(yield* verifier.verify({ headers: split, body }), read)
      const raw = new Uint8Array(yield* Effect.promise(() => web.arrayBuffer()))
      assert.deepStrictEqual(yield* verifier.verify({ headers: web.headers, body: raw }), read)
    })
  )

  it.effect("names the header that is missing", () =>
    Effect.gen(function* () {
      yield* atNow
      const { hmac, secret } = yield* makeKeys
      const verifier = yield* WebhookVerifier.make({ secrets: secret })
      const { body, headers } = yield* signed([hmac])
      for (const name of Object.keys(headers)) {
        for (const value of [undefined, "", []]) {
          const error = yield* Effect.flip(verifier.verify({ body, headers: { ...headers, [name]: value } }))
          assert.strictEqual(error.message, `The webhook is rejected: the header ${name} is missing`)
        }
      }
      assert.strictEqual(yield* reasonOf(verifier, { body, headers: {} }), "MissingHeader")
      assert.strictEqual(yield* reasonOf(verifier, { body, headers: new Headers() }), "MissingHeader")
    })
  )

  it.effect("takes either of the secrets while one is rotated, and either form of signature", () =>
    Effect.gen(function* () {
      yield* atNow
      const [old, next, stranger] = [yield* makeKeys, yield* makeKeys, yield* makeKeys]
      const { publicSecret, secret } = next
      for (const [secrets, keys] of [
        [[old.secret, secret], [old.hmac]],
        [[old.secret, secret], [next.hmac]],
        [[old.secret], [next.hmac, old.hmac]],
        [[secret], [next.hmac, old.hmac]],
        [[publicSecret], [next.ed25519]],
        [[publicSecret], [old.hmac, old.ed25519, next.hmac, next.ed25519]],
        [[old.publicSecret, publicSecret], [next.ed25519]],
        [[secret, publicSecret], [next.ed25519]],
        [[secret, publicSecret], [next.hmac]]
      ] satisfies ReadonlyArray<
        readonly [ReadonlyArray<Redacted.Redacted>, Arr.NonEmptyReadonlyArray<SigningKey>]
      >) {
        const verifier = yield* WebhookVerifier.make({ secrets })
        assert.deepStrictEqual(yield* verifier.verify(yield* signed(keys)), read)
        const foreign = yield* signed([stranger.hmac, stranger.ed25519])
        assert.strictEqual(yield* reasonOf(verifier, foreign), "NoMatchingSignature")
      }
      // Neither version stands for the other.
      const shared = yield* WebhookVerifier.make({ secrets: secret })
      assert.strictEqual(yield* reasonOf(shared, yield* signed([next.ed25519])), "NoMatchingSignature")
    })
  )

  it.effect("tolerates 300 seconds in either direction, or what it is told", () =>
    Effect.gen(function* () {
      const { hmac, secret } = yield* makeKeys
      const standard = yield* WebhookVerifier.make({ secrets: secret })
      const strict = yield* WebhookVerifier.make({ secrets: secret, tolerance: Duration.seconds(5) })
      for (const [verifier, tolerance] of [
        [standard, 300],
        [strict, 5]
      ] as const) {
        const request = yield* signed([hmac])
        for (const off of [0, 1, -1, tolerance, -tolerance]) {
          yield* TestClock.setTime((now + off) * 1000 + 999)
          assert.deepStrictEqual(yield* verifier.verify(request), read)
        }
        yield* TestClock.setTime((now + tolerance + 1) * 1000)
        const old = yield* Effect.flip(verifier.verify(request))
        assert.strictEqual(old.message, `The webhook is rejected: it was signed ${tolerance + 1} s ago`)
        yield* TestClock.setTime((now - tolerance - 1) * 1000)
        const early = yield* Effect.flip(verifier.verify(request))
        assert.strictEqual(
          early.message,
          `The webhook is rejected: its timestamp is ${tolerance + 1} s ahead`
        )
      }
    })
  )

  it.effect("takes whole seconds for a timestamp", () =>
    Effect.gen(function* () {
      yield* atNow
      const { hmac, secret } = yield* makeKeys
      const verifier = yield* WebhookVerifier.make({ secrets: secret })
      for (const timestamp of [
        `${now}.0`,
        `-${now}`,
        ` ${now}`,
        "1e9",
        "NaN",
        "٣",
        "9".repeat(13),
        "2026-02-03"
      ]) {
        const request = yield* signed([hmac], JSON.stringify(event), timestamp)
        assert.strictEqual(yield* reasonOf(verifier, request), "InvalidTimestamp", timestamp)
      }
    })
  )
})
