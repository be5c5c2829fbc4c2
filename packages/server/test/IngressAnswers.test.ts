import { assert, layer } from "@effect/vitest"
import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { Effect, Redacted, type Schema } from "effect"
import { createHmac } from "node:crypto"
import { type RawRequest, sendRaw } from "./support/RawHttp.ts"
import { converse } from "./support/RawSocket.ts"
import { asGitHub, github, open, secret } from "./support/Senders.ts"
import { TestService } from "./support/TestService.ts"
import { problemOf as documentOf, send } from "./support/Wire.ts"

/** A webhook, the path of its address, and how to send anything to the service. */
const opened = Effect.fnUntraced(function* (scheme: InboundScheme, ...secrets: ReadonlyArray<string>) {
  const { url } = yield* TestService
  const to = yield* open(scheme, ...secrets)
  const path = new URL(Redacted.value(to.webhook.url)).pathname
  return { ...to, url, path, ask: (request: RawRequest) => sendRaw(url, request) }
})

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("the way in", (it) => {
  it.effect("answers nothing that a browser would take for a page", () =>
    Effect.gen(function* () {
      const { ask, client, path, webhook } = yield* opened(github, secret)
      const headers = asGitHub("{}")
      const signed = { method: "POST", path, body: "{}", headers }
      const slack = yield* opened({ type: "slack" }, secret)
      const body = '{"type":"url_verification","challenge":"<script>1</script>"}'
      const time = String(Math.floor(Date.now() / 1000))
      const signature = createHmac("sha256", secret).update(`v0:${time}:${body}`).digest("hex")
      const asked = yield* slack.post(body, {
        "x-slack-request-timestamp": time,
        "x-slack-signature": `v0=${signature}`
      })
      assert.strictEqual(asked.body, "<script>1</script>")
      const answers = [
        [200, asked],
        [200, yield* ask(signed)],
        [401, yield* ask({ ...signed, headers: {} })],
        [405, yield* ask({ method: "GET", path })],
        [405, yield* ask({ method: "HEAD", path })],
        [405, yield* ask({ method: "OPTIONS", path })],
        [413, yield* ask({ ...signed, body: "x".repeat(1024 * 1024 + 1) })],
        [404, yield* ask({ ...signed, path: "/in/nobody" })],
        [404, yield* ask({ ...signed, path: `${path}/more` })],
        [404, yield* ask({ ...signed, path: "/in/" })],
        [404, yield* ask({ ...signed, path: `/in/${"x".repeat(500)}` })],
        [404, yield* ask({ ...signed, path: "/in/provider/nobody" })],
        [503, yield* ask({ ...signed, path: "/in/provider/stripe" })]
      ] as const
      const reply = { status: 201, contentType: "text/html", body: "<script>1</script>" }
      yield* client.webhooks.updateInboundWebhook({ params: { id: webhook.id }, payload: { reply } })
      const replied = yield* ask({ ...signed, headers: asGitHub("{}") })
      assert.include(replied.headers, { "content-type": "text/html" })
      for (const [status, answer] of [...answers, [201, replied] as const]) {
        assert.strictEqual(answer.status, status)
        assert.include(answer.headers, {
          "x-content-type-options": "nosniff",
          "content-security-policy": "default-src 'none'; sandbox"
        })
      }
    })
  )

  it.effect("takes a body of a great many chunks of one byte, asked for or not", () =>
    Effect.gen(function* () {
      const { messages, path, url } = yield* opened(github, secret)
      const body = "x".repeat(50_000)
      const chunks = `${"1\r\nx\r\n".repeat(body.length)}0\r\n\r\n`
      const head = (...lines: ReadonlyArray<string>) =>
        [
          `POST ${path} HTTP/1.1`,
          "host: x",
          "transfer-encoding: chunked",
          ...Object.entries(asGitHub(body)).map(([name, value]) => `${name}: ${value}`),
          ...lines,
          "",
          ""
        ].join("\r\n")
      const first = yield* converse(url, head() + chunks, { answers: 1 })
      const second = yield* converse(url, head("expect: 100-continue") + chunks, { answers: 1 })
      for (const { answers } of [first, second]) assert.strictEqual(answers[0]?.status, 200)
      assert.strictEqual((yield* messages).length, 2)
      const more = `100001\r\n${"x".repeat(0x100001)}\r\n0\r\n\r\n`
      for (const lines of [[], ["expect: 100-continue"]]) {
        const { answers } = yield* converse(url, head(...lines) + more, { answers: 1 })
        assert.strictEqual(answers[0]?.status, 413)
      }
    })
  )

  it.effect("keeps no header that holds a secret, and reads nothing from one", () =>
    Effect.gen(function* () {
      const { client, messages, post, webhook } = yield* opened({ type: "header", name: "X-Own" }, secret)
      const kept = { "x-request-id": "1", "x-source": "here" }
      const held = { "x-api-key": "k", "x-gitlab-token": "t", "x-goog-iap-jwt-assertion": "j", cookie: "c" }
      assert.strictEqual((yield* post("{}", { "x-own": secret, ...kept, ...held })).status, 200)
      const [message] = yield* messages
      assert.include(message?.headers, kept)
      for (const name of ["x-own", ...Object.keys(held)]) assert.notProperty(message?.headers, name)
      const params = { id: webhook.id }
      for (const name of ["X-Own", "x-own", "X-Api-Key", "Authorization", "CF-Access-Jwt-Assertion"]) {
        for (const [field, payload] of [
          ["dedupe", { dedupe: { by: "header", name } }],
          ["eventType", { eventType: { in: "header", name } }]
        ] as const) {
          const error = yield* Effect.flip(client.webhooks.updateInboundWebhook({ params, payload }))
          assert.strictEqual(error._tag, "Unprocessable")
          assert.deepNestedPropertyVal(error, "errors[0].path", ["payload", field, "name"])
          const scheme = { type: "header", name: "X-Own" } as const
          const secrets = [Redacted.make(secret)]
          const create = client.webhooks.createInboundWebhook({
            payload: { name: "Another", scheme, secrets, ...payload }
          })
          assert.strictEqual((yield* Effect.flip(create))._tag, "Unprocessable")
        }
      }
      const other = { dedupe: { by: "header", name: "X-Request-Id" } } as const
      yield* client.webhooks.updateInboundWebhook({ params, payload: other })
    })
  )

  it.effect("tells Mailgun's repetitions by nothing but the token that it signs", () =>
    Effect.gen(function* () {
      const { client, webhook } = yield* opened({ type: "mailgun" }, secret)
      const params = { id: webhook.id }
      for (const dedupe of [
        { by: "nothing" },
        { by: "hash" },
        { by: "path", path: "event-data.id" },
        { by: "header", name: "X-Id" }
      ] as const) {
        const error = yield* Effect.flip(
          client.webhooks.updateInboundWebhook({ params, payload: { dedupe } })
        )
        assert.strictEqual(error._tag, "Unprocessable")
        assert.deepNestedPropertyVal(error, "errors[0].path", ["payload", "dedupe"])
        assert.include(JSON.stringify(error), "signs")
      }
      yield* client.webhooks.updateInboundWebhook({ params, payload: { dedupe: null } })
    })
  )

  it.effect("has no reply with a body where there can be none", () =>
    Effect.gen(function* () {
      const { apiKey } = yield* (yield* TestService).tenant("Acme")
      const create = (reply: Schema.Json) =>
        send("POST", "/v1/webhooks/inbound", {
          key: apiKey.secret,
          body: { name: "A", scheme: { type: "none" }, reply }
        })
      for (const status of [204, 205]) {
        const refused = yield* create({ status, body: "ok" })
        assert.strictEqual(refused.status, 400)
        const { errors } = yield* documentOf(refused.text)
        assert.include(JSON.stringify(errors), '["payload","reply","body"]')
        assert.strictEqual((yield* create({ status })).status, 201)
      }
    })
  )
})
