import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Redacted, Schema } from "effect"
import { createHmac, randomBytes, randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Webhook as SvixWebhook } from "svix"
import { databaseState } from "./support/DatabaseDump.ts"
import { eventually } from "./support/Eventually.ts"
import { eventsOfType, walk } from "./support/Pages.ts"
import { problemOf } from "./support/ProblemDocument.ts"
import { sendRaw } from "./support/RawHttp.ts"
import {
  asGitHub,
  asStandard,
  asTimed,
  github,
  open,
  secret,
  standard,
  standardSecret,
  timed
} from "./support/Senders.ts"
import { SetClock } from "./support/SetClock.ts"
import { TestService } from "./support/TestService.ts"

const hmacSchemes = (["sha256", "sha384", "sha512"] as const).flatMap((algorithm) =>
  (["hex", "base64"] as const).map(
    (encoding) => ({ type: "hmac", header: "X-Signature", algorithm, encoding }) as const
  )
)

const Examples = Schema.fromJsonString(
  Schema.Array(Schema.Struct({ name: Schema.String, examples: Schema.Array(Schema.Json) }))
)

/** Every payload that is published of GitHub's events. */
const examples = () => {
  const file = fileURLToPath(import.meta.resolve("@octokit/webhooks-examples"))
  return Schema.decodeUnknownSync(Examples)(readFileSync(file, "utf8")).flatMap(({ examples, name }) =>
    examples.map((example, place) => ({ id: `${name} ${place}`, name, body: JSON.stringify(example) }))
  )
}

const services = TestService.layer.pipe(Layer.provideMerge(SetClock.layer))

layer(services, { excludeTestServices: true, timeout: "60 seconds" })("the way in", (it) => {
  it.effect("takes the published example of GitHub", () =>
    Effect.gen(function* () {
      const { messages, post } = yield* open(github, secret)
      const signature = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
      const answer = yield* post("Hello, World!", { "x-hub-signature-256": `sha256=${signature}` })
      assert.strictEqual(answer.status, 200, answer.body)
      assert.strictEqual((yield* messages).length, 1)
    })
  )

  it.effect("takes the published example of Standard Webhooks, at its time", () =>
    Effect.gen(function* () {
      const clock = yield* SetClock
      const { post } = yield* open(standard, standardSecret)
      const send = post('{"test": 2432232314}', {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
      })
      assert.strictEqual((yield* send.pipe(clock.at(1_614_265_330_000))).status, 200)
      assert.strictEqual((yield* send).status, 401)
    })
  )

  it.effect("takes what the packages of Standard Webhooks and Svix sign", () =>
    Effect.gen(function* () {
      const { messages, post } = yield* open(standard, standardSecret)
      const at = new Date()
      const time = String(Math.floor(at.getTime() / 1000))
      const body = JSON.stringify({ type: "invoice.paid", data: { text: "Grüße \u{1f600}" } })
      const svix = new SvixWebhook(standardSecret).sign("msg_svix", at, body)
      for (const headers of [
        asStandard(body, Number(time), "msg_standard"),
        { "svix-id": "msg_svix", "svix-timestamp": time, "svix-signature": svix },
        {
          "webhook-id": "msg_svix",
          "webhook-timestamp": time,
          "webhook-signature": `v1a,AAAA v1,AAAA ${svix}`
        }
      ]) {
        assert.strictEqual((yield* post(body, headers)).status, 200)
      }
      assert.deepStrictEqual(
        (yield* messages).map(({ externalId }) => externalId),
        ["msg_svix", "msg_standard"]
      )
    })
  )

  it.effect("takes HMACs of every algorithm and encoding", () =>
    Effect.gen(function* () {
      for (const scheme of hmacSchemes) {
        const { post } = yield* open(scheme, secret)
        const signature = createHmac(scheme.algorithm, secret).update("body").digest(scheme.encoding)
        assert.strictEqual((yield* post("body", { "x-signature": signature })).status, 200)
        assert.strictEqual((yield* post("other", { "x-signature": signature })).status, 401)
        assert.strictEqual((yield* post("body", { "x-signature": `v1=${signature}` })).status, 401)
        assert.strictEqual((yield* post("body", {})).status, 401)
      }
    })
  )

  it.effect("holds signed times to 300 seconds from now, both ways", () =>
    Effect.gen(function* () {
      const clock = yield* SetClock
      const seconds = 1_700_000_000
      const signers = [
        { to: yield* open(standard, standardSecret), sign: asStandard },
        { to: yield* open(timed, secret), sign: asTimed }
      ]
      for (const { sign, to } of signers) {
        for (const [offset, status] of [
          [300_000, 200],
          [-300_000, 200],
          [300_001, 401],
          [-300_001, 401]
        ] as const) {
          const answer = yield* to.post("{}", sign("{}", seconds)).pipe(clock.at(seconds * 1000 + offset))
          assert.strictEqual(answer.status, status, `${offset}`)
        }
      }
      const [first] = signers
      assert.isDefined(first)
      for (const time of ["", "0", "-1", "1e9", "1700000000.5", "0x6553f100", "9".repeat(30), "NaN"]) {
        const content = `id.${time}.{}`
        const key = Buffer.from(standardSecret.slice(6), "base64")
        const signature = `v1,${createHmac("sha256", key).update(content).digest("base64")}`
        const headers = { "webhook-id": "id", "webhook-timestamp": time, "webhook-signature": signature }
        const answer = yield* first.to.post("{}", headers).pipe(clock.at(seconds * 1000))
        assert.strictEqual(answer.status, 401, time)
      }
    })
  )

  it.effect("takes any of several secrets, and new ones in place of all", () =>
    Effect.gen(function* () {
      const { client, post, webhook } = yield* open(github, "first secret", "second secret")
      const status = (key: string) =>
        Effect.map(post("{}", asGitHub("{}", randomUUID(), "ping", key)), (answer) => answer.status)
      assert.strictEqual(yield* status("first secret"), 200)
      assert.strictEqual(yield* status("second secret"), 200)
      assert.strictEqual(yield* status("third secret"), 401)
      const secrets = [Redacted.make("second secret"), Redacted.make("third secret")]
      yield* client.webhooks.updateInboundWebhook({ params: { id: webhook.id }, payload: { secrets } })
      assert.strictEqual(yield* status("first secret"), 401)
      assert.strictEqual(yield* status("second secret"), 200)
      assert.strictEqual(yield* status("third secret"), 200)
    })
  )

  it.effect("keeps what GitHub sends, byte for byte", () =>
    Effect.gen(function* () {
      const { client, post } = yield* open(github, secret)
      const sent = examples()
      assert.strictEqual(sent.length, 329)
      yield* Effect.forEach(
        sent,
        Effect.fnUntraced(function* ({ body, id, name }) {
          assert.strictEqual((yield* post(body, asGitHub(body, id, name))).status, 200, id)
        }),
        { concurrency: 8 }
      )
      const listed = yield* walk((page) => client.webhooks.listMessages({ query: page }), 100)
      const kept = yield* Effect.forEach(listed, ({ id }) => client.webhooks.getMessage({ params: { id } }), {
        concurrency: 8
      })
      assert.sameDeepMembers(
        kept.map(({ body, eventType, externalId }) => ({
          id: externalId,
          name: eventType,
          body: Buffer.from(body).toString()
        })),
        sent.map(({ body, id, name }) => ({ id, name, body }))
      )
      const events = yield* eventually(
        eventsOfType(client, "webhook:received"),
        (all) => all.length >= sent.length
      )
      assert.strictEqual(events.length, sent.length)
    })
  )

  it.effect("keeps bodies that are empty, no UTF-8, or as large as may be, byte for byte", () =>
    Effect.gen(function* () {
      const { client, post } = yield* open(github, secret)
      const maxBody = 1024 * 1024
      for (const body of [
        new Uint8Array(),
        Uint8Array.from({ length: 256 }, (_, byte) => byte),
        Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28, 0xed, 0xa0, 0x80]),
        randomBytes(maxBody)
      ]) {
        const answer = yield* post(body, asGitHub(body))
        assert.strictEqual(answer.status, 200, answer.body)
        const [latest] = (yield* client.webhooks.listMessages({ query: { limit: 1 } })).items
        assert.isDefined(latest)
        const message = yield* client.webhooks.getMessage({ params: { id: latest.id } })
        assert.isTrue(Buffer.from(body).equals(message.body))
      }
      const before = yield* databaseState
      const large = randomBytes(maxBody + 1)
      for (const way of [{}, { chunked: true }, { unfinished: true }]) {
        const answer = yield* post(large, asGitHub(large), way)
        assert.strictEqual(answer.status, 413, JSON.stringify(way))
        problemOf(answer)
      }
      assert.deepStrictEqual(yield* databaseState, before)
    })
  )

  it.effect("records one of fifty copies that come at once, and one for each webhook", () =>
    Effect.gen(function* () {
      const id = randomUUID()
      for (const to of [yield* open(github, secret), yield* open(github, secret)]) {
        const copies = Array.from({ length: 50 }, () => to.post("{}", asGitHub("{}", id)))
        const answers = yield* Effect.all(copies, { concurrency: "unbounded" })
        assert.isTrue(answers.every(({ status }) => status === 200))
        assert.strictEqual(answers.filter(({ body }) => body.includes('"duplicate":false')).length, 1)
        assert.strictEqual((yield* to.messages).length, 1)
        const events = yield* to.client.events.listEvents({ query: { type: "webhook:received" } })
        assert.strictEqual(events.items.length, 1)
      }
    })
  )

  it.effect("answers 404 for a token that is none, without waiting for the body", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      for (const token of ["nobody", "a".repeat(43), "%00", "..%2f"]) {
        const answer = yield* sendRaw(service.url, {
          method: "POST",
          path: `/in/${token}`,
          headers: { "content-length": String(2 ** 40) },
          body: "the first bytes of very many",
          unfinished: true
        })
        assert.strictEqual(answer.status, 404, token)
        problemOf(answer)
      }
    })
  )

  it.effect("closes with its webhook", () =>
    Effect.gen(function* () {
      const { client, messages, post, webhook } = yield* open(github, secret)
      const params = { id: webhook.id }
      const send = Effect.suspend(() => post("{}", asGitHub("{}")))
      assert.strictEqual((yield* send).status, 200)
      yield* client.webhooks.updateInboundWebhook({ params, payload: { enabled: false } })
      const closed = yield* eventually(send, ({ status }) => status !== 200).pipe(Effect.timeout("5 seconds"))
      assert.strictEqual(closed.status, 404)
      const before = (yield* messages).length
      assert.strictEqual((yield* post("{}", {}, { unfinished: true })).status, 404)
      yield* client.webhooks.updateInboundWebhook({ params, payload: { enabled: true } })
      assert.strictEqual((yield* eventually(send, ({ status }) => status === 200)).status, 200)
      yield* client.webhooks.removeInboundWebhook({ params })
      assert.strictEqual((yield* send).status, 404)
      assert.strictEqual((yield* messages).length, before + 1)
    })
  )
})
