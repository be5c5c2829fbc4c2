import type { InboundWebhookPatch } from "@do-integrations/domain/Webhook/Inbound"
import { parseNetwork } from "@do-integrations/domain/Webhook/Inbound/Network"
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted, Result } from "effect"
import { eventually } from "./support/Eventually.ts"
import { problemOf } from "./support/ProblemDocument.ts"
import { type RawRequest, sendRaw } from "./support/RawHttp.ts"
import { converse } from "./support/RawSocket.ts"
import { asGitHub, secret } from "./support/Senders.ts"
import { TestService } from "./support/TestService.ts"

/** A webhook with these settings; how to send to it, and what was refused there. */
const guarded = Effect.fnUntraced(function* (settings: InboundWebhookPatch) {
  const service = yield* TestService
  const { client } = yield* service.tenant("Acme")
  const webhook = yield* client.webhooks.createInboundWebhook({
    headers: {},
    payload: { name: "Guarded", scheme: { type: "github" }, secrets: [Redacted.make(secret)] }
  })
  const params = { id: webhook.id }
  yield* client.webhooks.updateInboundWebhook({ params, payload: settings })
  const path = new URL(Redacted.value(webhook.url)).pathname
  const signed = (body: string, headers: Readonly<Record<string, string>> = {}): RawRequest => ({
    method: "POST",
    path,
    body,
    headers: { ...asGitHub(body), ...headers }
  })
  const send = (request: Partial<RawRequest>) => sendRaw(service.url, { ...signed("{}"), ...request })
  const rejections = client.webhooks.listRejections({ params })
  /** Waits until as many were refused for these reasons. */
  const assertRefused = (expected: Readonly<Record<string, number>>) =>
    Effect.gen(function* () {
      const total = Object.values(expected).reduce((sum, count) => sum + count, 0)
      const written = yield* eventually(
        rejections,
        (all) => all.reduce((sum, { count }) => sum + count, 0) >= total
      )
      const counts: Record<string, number> = {}
      for (const { count, reason } of written) counts[reason] = (counts[reason] ?? 0) + count
      assert.deepStrictEqual(counts, expected)
    })
  const messages = Effect.map(
    client.webhooks.listMessages({ query: { limit: 100 } }),
    ({ items }) => items.length
  )
  return { client, params, path, service, signed, send, messages, assertRefused }
})

const services = TestService.layerWith({
  trustedProxies: ["127.0.0.1", "10.0.0.0/8"].map((text) => Result.getOrThrow(parseNetwork(text)))
})

layer(services, { excludeTestServices: true, timeout: "60 seconds" })("an inbound webhook", (it) => {
  it.effect("takes its methods and no others", () =>
    Effect.gen(function* () {
      const { assertRefused, messages, send } = yield* guarded({ methods: ["PUT", "PATCH"] })
      for (const method of ["PUT", "PATCH"]) assert.strictEqual((yield* send({ method })).status, 200)
      for (const method of ["POST", "GET", "DELETE", "OPTIONS", "TRACE", "HEAD"]) {
        const answer = yield* send({ method, ...(method === "TRACE" ? { body: "", headers: {} } : {}) })
        assert.strictEqual(answer.status, 405, method)
        assert.strictEqual(answer.headers.allow, "PUT, PATCH")
        if (method !== "HEAD") assert.include(problemOf(answer).type, "method-not-allowed")
      }
      assert.strictEqual(yield* messages, 2)
      yield* assertRefused({ method: 6 })
    })
  )

  it.effect("takes its content types, whatever their parameters, and no others", () =>
    Effect.gen(function* () {
      const contentTypes = ["application/json", "application/cloudevents+json"]
      const { assertRefused, messages, send, signed } = yield* guarded({ contentTypes })
      const as = (type: string) => send(signed("{}", { "content-type": type }))
      for (const type of [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/cloudevents+json ;a=b"
      ]) {
        assert.strictEqual((yield* as(type)).status, 200, type)
      }
      for (const type of [
        "text/plain",
        "application/json2",
        "application",
        "",
        ";",
        "application/json,text/plain"
      ]) {
        const answer = yield* as(type)
        assert.strictEqual(answer.status, 415, type)
        assert.include(problemOf(answer).detail, "application/json, application/cloudevents+json")
      }
      assert.strictEqual((yield* send({})).status, 415)
      assert.strictEqual(yield* messages, 3)
      yield* assertRefused({ content_type: 7 })
    })
  )

  it.effect("takes requests of its networks, by the address that its proxies name", () =>
    Effect.gen(function* () {
      const allowedNetworks = ["203.0.113.0/24", "2001:db8::/32", "198.51.100.7"]
      const { assertRefused, client, messages, params, send, signed } = yield* guarded({ allowedNetworks })
      const through = (headers: Readonly<Record<string, string>>) => send(signed("{}", headers))
      const via = (list: string) => through({ "x-forwarded-for": list })
      for (const list of [
        "203.0.113.9",
        "1.1.1.1, 203.0.113.9, 10.0.0.2",
        "[2001:db8::1]:80",
        "::ffff:198.51.100.7"
      ]) {
        assert.strictEqual((yield* via(list)).status, 200, list)
      }
      assert.strictEqual((yield* through({ forwarded: 'for="[2001:db8::1]:4711"' })).status, 200)
      for (const list of ["198.51.100.8", "203.0.113.9, 198.51.100.8", "203.0.113.9, unknown", "10.0.0.2"]) {
        const answer = yield* via(list)
        assert.strictEqual(answer.status, 403, list)
        assert.include(problemOf(answer).type, "address-not-allowed")
      }
      const both = { forwarded: "for=203.0.113.9", "x-forwarded-for": "198.51.100.8" }
      assert.strictEqual((yield* through(both)).status, 403)
      assert.strictEqual((yield* send({})).status, 403)
      assert.strictEqual(yield* messages, 5)
      yield* assertRefused({ address: 6 })
      yield* client.webhooks.updateInboundWebhook({ params, payload: { allowedNetworks: null } })
      assert.strictEqual((yield* send({})).status, 200)
    })
  )

  it.effect("takes no more than its rate, after a burst of ten seconds' worth", () =>
    Effect.gen(function* () {
      const { assertRefused, messages, send, signed } = yield* guarded({ rateLimit: 1 })
      const forged = send(signed("{}", { "x-hub-signature-256": "sha256=00" }))
      // What is refused later counts too: guesses are held to the rate.
      const start = performance.now()
      for (let n = 0; n < 5; n++) assert.strictEqual((yield* forged).status, 401)
      const answers = yield* Effect.all(
        Array.from({ length: 15 }, () => send(signed("{}"))),
        { concurrency: 1 }
      )
      const taken = answers.filter(({ status }) => status === 200).length
      assert.isAtLeast(taken, 5)
      assert.isAtMost(taken, 5 + Math.ceil((performance.now() - start) / 1000))
      const refused = answers.filter(({ status }) => status === 429)
      assert.strictEqual(taken + refused.length, 15)
      for (const answer of refused) {
        assert.strictEqual(answer.headers["retry-after"], "1")
        assert.include(problemOf(answer).type, "too-many-requests")
      }
      assert.strictEqual(yield* messages, taken)
      yield* assertRefused({ signature: 5, ...(refused.length > 0 ? { rate_limit: refused.length } : {}) })
      const again = yield* eventually(send(signed("{}")), ({ status }) => status === 200)
      assert.strictEqual(again.status, 200)
    })
  )

  it.effect("asks the cheapest question first, and before the body", () =>
    Effect.gen(function* () {
      const { assertRefused, path, service } = yield* guarded({
        allowedNetworks: ["203.0.113.0/24"],
        rateLimit: 1,
        contentTypes: ["application/json"]
      })
      const head = (method: string, lines: ReadonlyArray<string>) =>
        [`${method} ${path} HTTP/1.1`, "host: x", "content-length: 1048576", ...lines, "", ""].join("\r\n")
      const inside = "x-forwarded-for: 203.0.113.9"
      const status = Effect.fnUntraced(function* (method: string, ...lines: ReadonlyArray<string>) {
        const { answers } = yield* converse(service.url, head(method, lines), { answers: 1 })
        return answers[0]?.status
      })
      assert.strictEqual(yield* status("PUT"), 405)
      assert.strictEqual(yield* status("POST"), 403)
      let taken = 0
      while ((yield* status("POST", inside)) === 415) taken += 1
      assert.isAtLeast(taken, 10)
      assert.strictEqual(yield* status("POST", inside, "content-type: application/json"), 429)
      assert.strictEqual(yield* status("POST"), 403)
      yield* assertRefused({ method: 1, address: 2, content_type: taken, rate_limit: 2 })
    })
  )

  it.effect("takes no more than 1 MiB, and nothing that takes longer than ten seconds", () =>
    Effect.gen(function* () {
      const { assertRefused, messages, path, send, service, signed } = yield* guarded({})
      const large = "x".repeat(1024 * 1024 + 1)
      for (const way of [{}, { chunked: true }]) {
        const answer = yield* send({ ...signed(large), ...way })
        assert.strictEqual(answer.status, 413)
        assert.include(problemOf(answer).type, "payload-too-large")
      }
      const head = `POST ${path} HTTP/1.1\r\nhost: x\r\n`
      const drip = (part: string) => (socket: { write(text: string): void }) => {
        const timer = setInterval(() => socket.write(part), 500)
        return () => clearInterval(timer)
      }
      const slow = [
        converse(service.url, `${head}content-length: 10\r\n\r\n`),
        converse(service.url, `${head}content-length: 1000\r\n\r\nx`, { more: drip("x") }),
        converse(service.url, `${head}transfer-encoding: chunked\r\n\r\n`, { more: drip("1\r\nx\r\n") }),
        converse(service.url, `${head}expect: 100-continue\r\ncontent-length: 10\r\n\r\n`, { more: drip("") })
      ]
      const start = performance.now()
      const said = yield* Effect.all(slow, { concurrency: "unbounded" })
      assert.isAtLeast(performance.now() - start, 9_900)
      for (const { answers, closed } of said) {
        assert.deepStrictEqual(
          answers.map(({ status }) => status),
          [408]
        )
        assert.include(answers[0]?.body, "request-timeout")
        assert.include(answers[0]?.head, "connection: close")
        assert.isTrue(closed)
      }
      assert.strictEqual(yield* messages, 0)
      yield* assertRefused({ too_large: 2, too_slow: 4 })
    })
  )

  it.effect("refuses nobody's request to an address that is none", () =>
    Effect.gen(function* () {
      const { client, params, send, service } = yield* guarded({ methods: ["PUT"] })
      assert.strictEqual((yield* send({ path: "/in/nobody", method: "DELETE" })).status, 404)
      assert.strictEqual((yield* send({})).status, 405)
      const all = client.webhooks.listRejections({ params })
      const [only] = yield* eventually(all, ({ length }) => length > 0)
      assert.include(only, { reason: "method", count: 1 })
      const other = (yield* service.tenant("Other")).client
      const refused = yield* Effect.flip(other.webhooks.listRejections({ params }))
      assert.strictEqual(refused._tag, "NotFound")
    })
  )
})
