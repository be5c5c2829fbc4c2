import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Mac } from "effect/crypto"
import { TestClock } from "effect/testing"
import { createHmac, generateKeyPairSync, sign } from "node:crypto"
import { verifierOf } from "../src/InboundWebhooks/Schemes.ts"
import { post, type Sent } from "./support/SchemeSender.ts"
import { crypto, holds, readBy, received, takes, verifying } from "./support/Verifying.ts"

const seconds = 1_700_000_000
const key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

const hex = (secret: string, text: string) => createHmac("sha256", secret).update(text).digest("hex")

/** The signature of Standard Webhooks under {@link key}. */
const standardOf = (id: string, body: string) =>
  `v1,${createHmac("sha256", Buffer.from(key.slice(6), "base64"))
    .update(`${id}.${seconds}.${body}`)
    .digest("base64")}`

const standardHeaders = (family: string, id: string, body: string) => ({
  [`${family}-id`]: id,
  [`${family}-timestamp`]: String(seconds),
  [`${family}-signature`]: standardOf(id, body)
})

layer(crypto)("a scheme", (it) => {
  const takesNow = (config: InboundScheme, secrets: ReadonlyArray<string>, sent: Sent) =>
    Effect.andThen(TestClock.setTime(seconds * 1000), takes(config, secrets, sent))

  it.effect("of Stripe takes any of several v1, in any order, and passes v0 over", () =>
    Effect.gen(function* () {
      const right = hex("whsec_a", `${seconds}.{}`)
      const wrong = hex("whsec_b", `${seconds}.{}`)
      const stripe = (signature: string) =>
        takesNow({ type: "stripe" }, ["whsec_a"], post("{}", { "stripe-signature": signature }))
      for (const signature of [
        `t=${seconds},v1=${wrong},v1=${right}`,
        `t=${seconds},v1=${right},v1=${wrong},v0=${wrong}`,
        `v1=${right},t=${seconds}`,
        `t=${seconds}, v1=${right}`
      ]) {
        assert.isTrue(yield* stripe(signature), signature)
      }
      for (const signature of [
        `t=${seconds},v0=${right}`,
        `t=${seconds},v1=${wrong}`,
        `v1=${right}`,
        `t=${seconds}`,
        `t=${seconds},t=1,v1=${hex("whsec_a", "1.{}")}`,
        `t=,v1=${hex("whsec_a", ".{}")}`,
        `t=0x6553f100,v1=${hex("whsec_a", "0x6553f100.{}")}`,
        `t=1e9,v1=${hex("whsec_a", "1e9.{}")}`,
        `t=${seconds}${",v1=00".repeat(10_000)},v1=${right}`
      ]) {
        assert.isFalse(yield* stripe(signature), signature.slice(0, 100))
      }
    })
  )

  it.effect("of Standard Webhooks reads the headers whose id was signed, and no others", () =>
    Effect.gen(function* () {
      const body = '{"type":"order.paid"}'
      const ours = standardHeaders("webhook", "msg_1", body)
      const svix = standardHeaders("svix", "msg_2", body)
      const cases = [
        { type: "standard", headers: ours, id: "msg_1" },
        { type: "standard", headers: svix, id: "msg_2" },
        { type: "standard", headers: { ...ours, ...svix }, id: "msg_1" },
        { type: "standard", headers: { ...ours, "svix-id": "other" }, id: "msg_1" },
        { type: "standard", headers: { ...svix, "webhook-id": "other" }, id: undefined },
        { type: "standard", headers: { ...svix, "webhook-id": "" }, id: undefined },
        { type: "svix", headers: svix, id: "msg_2" },
        { type: "svix", headers: { ...svix, "webhook-id": "other" }, id: "msg_2" },
        { type: "svix", headers: ours, id: undefined },
        { type: "standard", headers: standardHeaders("webhook", "", body), id: undefined }
      ] as const
      for (const { headers, id, type } of cases) {
        const sent = post(body, headers)
        assert.strictEqual(yield* takesNow({ type }, [key], sent), id !== undefined)
        if (id !== undefined) assert.deepStrictEqual(readBy({ type }, sent), { id, eventType: "order.paid" })
      }
    })
  )

  it.effect("of Standard Webhooks takes no id that could be the beginning of what was signed as a body", () =>
    Effect.gen(function* () {
      const id = `msg_1.${seconds - 9000}.{"type":"comment","text":"x`
      const body = '[1] "}'
      const types = [
        ["standard", "webhook"],
        ["standard", "svix"],
        ["svix", "svix"],
        ["gitlab", "webhook"]
      ] as const
      for (const [type, family] of types) {
        const take = (headers: Sent["headers"]) => takesNow({ type }, [key], post(body, headers))
        for (const forged of [id, "a.b", ".", ""]) {
          assert.isFalse(yield* take(standardHeaders(family, forged, body)), `${type} ${forged}`)
        }
        assert.isTrue(yield* take(standardHeaders(family, "msg_1", body)), type)
      }
    })
  )

  it.effect("of Standard Webhooks tries two signatures under each public key", () =>
    Effect.gen(function* () {
      const { privateKey, publicKey } = generateKeyPairSync("ed25519")
      const secret = `whpk_${publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("base64")}`
      const right = sign(null, Buffer.from(`msg_1.${seconds}.{}`), privateKey).toString("base64")
      const wrong = sign(null, Buffer.from("another"), privateKey).toString("base64")
      for (const [signatures, taken] of [
        [[right], true],
        [[wrong, right], true],
        [[wrong, wrong, right], false]
      ] as const) {
        const headers = {
          ...standardHeaders("webhook", "msg_1", "{}"),
          "webhook-signature": signatures.map((signature) => `v1a,${signature}`).join(" ")
        }
        assert.strictEqual(yield* takesNow({ type: "standard" }, [secret], post("{}", headers)), taken)
      }
    })
  )

  it.effect("of GitLab takes secret tokens, and signing tokens by their signature alone", () =>
    Effect.gen(function* () {
      const body = '{"object_kind":"push"}'
      const signed = { ...standardHeaders("webhook", "key_1", body), "idempotency-key": "key_1" }
      const gitlab = (secrets: ReadonlyArray<string>, headers: Sent["headers"]) =>
        takesNow({ type: "gitlab" }, secrets, post(body, headers))
      assert.isTrue(yield* gitlab([key], signed))
      assert.isTrue(yield* gitlab(["a token", key], signed))
      assert.isTrue(yield* gitlab(["a token", key], { "x-gitlab-token": "a token" }))
      assert.isTrue(yield* gitlab(["a token"], { ...signed, "x-gitlab-token": "a token" }))
      assert.isFalse(yield* gitlab([key], { "x-gitlab-token": key }))
      assert.isFalse(yield* gitlab(["a token", key], { "x-gitlab-token": key }))
      assert.isFalse(yield* gitlab([key], { ...signed, "webhook-id": "other" }))
      const repeated = post(body, { ...signed, "idempotency-key": "other", "x-gitlab-event": "Push Hook" })
      assert.deepStrictEqual(readBy({ type: "gitlab" }, repeated), { id: "key_1", eventType: "Push Hook" })
    })
  )

  it.effect("of Jira takes the methods of WebSub that SHA-2 has", () =>
    Effect.gen(function* () {
      for (const method of ["sha256", "sha384", "sha512", "sha1"]) {
        const signature = `${method}=${createHmac(method, "secret").update("{}").digest("hex")}`
        const sent = post("{}", { "x-hub-signature": signature })
        assert.strictEqual(yield* takesNow({ type: "jira" }, ["secret"], sent), method !== "sha1")
      }
    })
  )

  it.effect("of Linear takes no time but the one that is signed", () =>
    Effect.gen(function* () {
      for (const [body, taken] of [
        [`{"webhookTimestamp":${seconds * 1000}}`, true],
        [`{"webhookTimestamp":"${seconds * 1000}"}`, false],
        [`{"webhookTimestamp":${seconds}}`, false],
        ["{}", false],
        ["no JSON", false]
      ] as const) {
        const headers = {
          "linear-signature": hex("secret", body),
          "linear-timestamp": String(seconds * 1000)
        }
        assert.strictEqual(yield* takesNow({ type: "linear" }, ["secret"], post(body, headers)), taken, body)
      }
    })
  )

  it.effect("compares shared secrets whole, whatever their length, in the forms that HTTP allows", () =>
    Effect.gen(function* () {
      const basic = (text: string) => Buffer.from(text).toString("base64")
      const name = "X-Secret"
      const cases = [
        ["basic", "ü:p:w", { authorization: `Basic ${basic("ü:p:w")}` }, true],
        ["basic", "u:p", { authorization: `bAsIc  ${basic("u:p")}` }, true],
        ["basic", "u:p", { authorization: `Basic ${basic("u:p")}=` }, false],
        ["basic", "u:p", { authorization: `Basic ${basic("u:pp")}` }, false],
        ["basic", "u:p", { authorization: `Bearer ${basic("u:p")}` }, false],
        ["basic", "u:", { authorization: `Basic ${basic("u")}` }, false],
        ["bearer", "token", { authorization: "bearer token" }, true],
        ["bearer", "token", { authorization: "Bearer token2" }, false],
        ["bearer", "token", { authorization: "Bearer toke" }, false],
        ["bearer", "token", { authorization: "Bearer " }, false],
        ["bearer", "token", { authorization: "token" }, false],
        ["header", "token", { "x-secret": "token" }, true],
        ["header", "token", { "x-secret": "TOKEN" }, false],
        ["header", "token", { "x-secret": "token, token" }, false],
        ["header", "token", { authorization: "token" }, false]
      ] as const
      for (const [type, secret, headers, taken] of cases) {
        const config: InboundScheme = type === "header" ? { type, name } : { type }
        const said = `${type} ${secret} ${JSON.stringify(headers)}`
        assert.strictEqual(yield* takesNow(config, [secret], post("{}", headers)), taken, said)
      }
    })
  )

  it.effect("refuses secrets that cannot be right, and says what it expects", () =>
    Effect.gen(function* () {
      const hmac = { type: "hmac", header: "X-S", algorithm: "sha256", encoding: "hex" } as const
      const cases: ReadonlyArray<readonly [InboundScheme, string, string]> = [
        [{ type: "standard" }, "whsec_not base64", "24 to 64 bytes in base64"],
        [{ type: "standard" }, "whsec_AAAA", "24 to 64 bytes in base64"],
        [{ type: "standard" }, "whpk_AAAA", "ed25519 public key in base64"],
        [{ type: "svix" }, "whsec_!!", "24 to 64 bytes in base64"],
        [{ type: "gitlab" }, "whsec_x", "24 to 64 bytes in base64"],
        [{ type: "gitlab" }, "token\n", "visible ASCII"],
        [{ type: "basic" }, "no colon", "a colon"],
        [{ type: "bearer" }, "two words", "without blanks"],
        [{ type: "bearer" }, "tökén", "ASCII"],
        [{ type: "header", name: "X-S" }, " token", "visible ASCII"],
        [{ ...hmac, secretEncoding: "hex" }, "xyz", "hexadecimal digits"],
        [{ ...hmac, secretEncoding: "hex" }, "abc", "hexadecimal digits"],
        [{ ...hmac, secretEncoding: "base64" }, "!", "base64"],
        [{ ...hmac, secretEncoding: "base64" }, "=", "base64"]
      ]
      for (const [config, secret, expected] of cases) {
        const error = yield* Effect.flip(verifying(config, secret))
        assert.strictEqual(error._tag, "InvalidSigningSecret")
        assert.include(error.message, expected)
        assert.notInclude(error.message, secret.trim())
      }
      // One wrong one among right ones is refused too.
      yield* Effect.flip(verifying({ type: "basic" }, "user:password", "password"))
    })
  )

  it.effect("makes one HMAC for each secret, however many signatures were sent", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(seconds * 1000)
      const mac = yield* Mac.Mac
      const made: Array<string> = []
      const counting = Mac.Mac.of({
        ...mac,
        sign: (secret, data) => {
          made.push(secret.algorithm.name)
          return mac.sign(secret, data)
        }
      })
      const secrets = ["a", "b", "c", "d", "e"].map((text) => Redacted.make(text))
      const verify = yield* verifierOf({ type: "stripe" }, secrets).pipe(
        Effect.provideService(Mac.Mac, counting)
      )
      const signature = `t=${seconds}${`,v1=${hex("other", "")}`.repeat(200)}`
      assert.isFalse(yield* holds(verify, received(post("{}", { "stripe-signature": signature }))))
      assert.strictEqual(made.length, secrets.length)
    })
  )
})
