import { assert, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { createHmac } from "node:crypto"
import { databaseState } from "./support/DatabaseDump.ts"
import { sendRaw } from "./support/RawHttp.ts"
import { converse } from "./support/RawSocket.ts"
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
import { TestService } from "./support/TestService.ts"

/** A request as text, with the length of its body. */
const request = (method: string, path: string, body: string, lines: ReadonlyArray<string> = []) =>
  [
    `${method} ${path} HTTP/1.1`,
    "host: x",
    `content-length: ${Buffer.byteLength(body)}`,
    ...lines,
    "",
    body
  ].join("\r\n")

const linesOf = (headers: Readonly<Record<string, string>>) =>
  Object.entries(headers).map(([name, value]) => `${name}: ${value}`)

/** A webhook of GitHub's scheme, with what tests write to its connection. */
const opened = Effect.gen(function* () {
  const to = yield* open(github, secret)
  const { url } = yield* TestService
  const path = new URL(Redacted.value(to.webhook.url)).pathname
  return { ...to, url, path }
})

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })(
  "bad input to the way in",
  (it) => {
    it.effect("of an unknown token is answered before the body is there", () =>
      Effect.gen(function* () {
        const { url } = yield* TestService
        const head = `POST /in/nobody HTTP/1.1\r\nhost: x\r\ncontent-length: ${1024 * 1024}\r\n\r\n`
        const said = yield* converse(url, head)
        assert.deepStrictEqual(
          said.answers.map(({ status }) => status),
          [404]
        )
        assert.isTrue(said.closed)
      })
    )

    it.effect("is kept as it came when it is signed: no JSON, no UTF-8, nothing at all", () =>
      Effect.gen(function* () {
        const { messages, post } = yield* opened
        const bodies = ["{", '{"a":1,"a":2}', "", "\0", '{"a":NaN}', "[".repeat(10_000)].map((text) =>
          Buffer.from(text)
        )
        bodies.push(Buffer.from([0xff, 0xfe, 0xed, 0xa0, 0x80]))
        for (const body of bodies) assert.strictEqual((yield* post(body, asGitHub(body))).status, 200)
        const kept = (yield* messages).toReversed().map(({ body }) => Buffer.from(body).toString("hex"))
        assert.deepStrictEqual(
          kept,
          bodies.map((body) => body.toString("hex"))
        )
      })
    )

    it.effect("in its headers is refused or read in one way", () =>
      Effect.gen(function* () {
        const { messages, path, url } = yield* opened
        const signature = `sha256=${createHmac("sha256", secret).update("{}").digest("hex")}`
        const wrong = `sha256=${"0".repeat(64)}`
        const name = "x-hub-signature-256"
        const status = Effect.fnUntraced(function* (...lines: ReadonlyArray<string>) {
          const { answers } = yield* converse(url, request("POST", path, "{}", lines), { answers: 1 })
          return answers[0]?.status
        })
        assert.strictEqual(yield* status(`${name}: ${signature}`), 200)
        assert.strictEqual(yield* status(`X-HUB-SIGNATURE-256:${signature}   `), 200)
        const refused = [
          [`${name}: ${signature}`, `${name}: ${wrong}`],
          [`${name}: ${wrong}`, `${name}: ${signature}`],
          [`${name}: ${signature}`, `${name}: ${signature}`],
          [`${name}: ${signature}, ${signature}`],
          [`${name}:`],
          [`${name}: sha256=${signature}`],
          [`${name}: sha1=${signature}`],
          [`${name}: sha256=`],
          [`${name}: ${signature.slice(0, -1)}`],
          [`${name}: ${signature}00`],
          [`${name}: ${"=".repeat(8000)}`],
          []
        ]
        for (const lines of refused)
          assert.strictEqual(yield* status(...lines), 401, lines.join().slice(0, 200))
        for (const lines of [
          [`${name}: sha256=`, ` ${signature.slice(7)}`],
          [`${name} : ${signature}`],
          [`${name}: ${signature}\0`],
          ["content-length: 3"],
          ["transfer-encoding: chunked"],
          ["transfer-encoding: gzip, chunked", "content-length: 2"]
        ]) {
          assert.strictEqual(yield* status(...lines), 400, lines.join())
        }
        assert.strictEqual((yield* messages).length, 2)
      })
    )

    it.effect("in its time is refused, whatever is signed with it", () =>
      Effect.gen(function* () {
        const times = [
          "",
          " ",
          "-1",
          "-1700000000",
          "+1",
          "1e400",
          "1e10",
          "0x68000000",
          "Infinity",
          "NaN",
          "1.5",
          "9".repeat(400)
        ]
        const tostandard = yield* open(standard, standardSecret)
        const totimed = yield* open(timed, secret)
        const key = Buffer.from(standardSecret.slice(6), "base64")
        for (const time of times) {
          const byStandard = createHmac("sha256", key).update(`id.${time.trim()}.{}`).digest("base64")
          const headers = {
            "webhook-id": "id",
            "webhook-timestamp": time,
            "webhook-signature": `v1,${byStandard}`
          }
          assert.strictEqual((yield* tostandard.post("{}", headers)).status, 401, time.slice(0, 20))
          const byTimed = createHmac("sha256", secret).update(`${time.trim()}.{}`).digest("base64")
          const other = { "x-time": time, "x-signature": `v1=${byTimed}` }
          assert.strictEqual((yield* totimed.post("{}", other)).status, 401, time.slice(0, 20))
        }
        const now = Math.floor(Date.now() / 1000)
        assert.strictEqual((yield* tostandard.post("{}", asStandard("{}", now))).status, 200)
        assert.strictEqual((yield* totimed.post("{}", asTimed("{}", now))).status, 200)
      })
    )

    it.effect("with a signature of 100 kB is refused by the server, and nothing is kept of it", () =>
      Effect.gen(function* () {
        const { path, url } = yield* opened
        const before = yield* databaseState
        const long = request("POST", path, "{}", [`x-hub-signature-256: sha256=${"0".repeat(100_000)}`])
        const said = yield* converse(url, long)
        assert.strictEqual(said.answers[0]?.status, 431)
        assert.isTrue(said.closed)
        const inside = request("POST", path, "{}", [`x-hub-signature-256: sha256=${"0".repeat(15_000)}`])
        assert.strictEqual((yield* converse(url, inside, { answers: 1 })).answers[0]?.status, 401)
        assert.deepStrictEqual(yield* databaseState, before)
      })
    )

    it.effect("leaves the next request of its connection alone", () =>
      Effect.gen(function* () {
        const { messages, path, url } = yield* opened
        const good = () => request("POST", path, "{}", linesOf(asGitHub("{}")))
        const refusals = [
          [405, request("PUT", path, "x".repeat(1000))],
          [401, request("POST", path, "{}")],
          [404, request("POST", "/in/nobody", "GET / HTTP/1.1\r\nhost: x\r\n\r\n")],
          [405, request("OPTIONS", path, "")],
          [405, `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`]
        ] as const
        for (const [status, refused] of refusals) {
          const said = yield* converse(url, `${refused}${good()}${refused}${good()}`, { answers: 4 })
          assert.deepStrictEqual(
            said.answers.map((answer) => answer.status),
            [status, 200, status, 200]
          )
        }
        // The answer to HEAD has no body, so it is told apart by itself.
        const { answers } = yield* converse(
          url,
          `HEAD ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`
        )
        assert.strictEqual(answers.length, 0)
        assert.strictEqual((yield* messages).length, refusals.length * 2)
      })
    )

    it.effect("that is more than is taken closes its connection, or ends before the next request", () =>
      Effect.gen(function* () {
        const { messages, path, url } = yield* opened
        const endless = `POST ${path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`
        const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`
        const said = yield* converse(url, endless, {
          more: (socket) => {
            const pour = () => {
              while (!socket.destroyed && socket.write(chunk));
            }
            socket.on("drain", pour)
            pour()
            return () => socket.off("drain", pour)
          }
        })
        assert.isTrue(said.closed)
        assert.include([413, undefined], said.answers[0]?.status)
        const declared = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n`
        const refused = yield* converse(url, declared)
        assert.strictEqual(refused.answers[0]?.status, 413)
        assert.isTrue(refused.closed)
        for (const broken of [`${endless}zz\r\n`, `${endless}5\r\nabc`, `${endless}ffffffffffffffffff\r\n`]) {
          const { answers } = yield* converse(url, broken, { more: (socket) => (socket.end(), () => {}) })
          assert.include([400, undefined], answers[0]?.status)
        }
        assert.strictEqual((yield* messages).length, 0)
      })
    )

    it.effect("is asked for only where it is wanted, and read where a sender would rather speak HTTP/2", () =>
      Effect.gen(function* () {
        const { messages, path, url } = yield* opened
        const body = "x".repeat(100_000)
        const lines = linesOf(asGitHub(body))
        const [head = "", rest = ""] = request("POST", path, body, [...lines, "expect: 100-continue"]).split(
          "\r\n\r\n"
        )
        const asked = yield* converse(url, `${head}\r\n\r\n`, {
          answers: 1,
          more: (socket) => {
            socket.once("data", (chunk: Buffer) => {
              if (chunk.toString().startsWith("HTTP/1.1 100")) socket.write(rest)
            })
            return () => {}
          }
        })
        assert.strictEqual(asked.answers[0]?.status, 200)
        const unasked = yield* converse(url, `${head.replace(path, "/in/nobody")}\r\n\r\n`)
        assert.deepStrictEqual(
          unasked.answers.map(({ status }) => status),
          [404]
        )
        const upgrade = [
          "connection: Upgrade, HTTP2-Settings",
          "upgrade: h2c",
          "http2-settings: AAMAAABkAAQAAP__"
        ]
        const h2c = linesOf(asGitHub(body))
        const upgraded = yield* converse(url, request("POST", path, body, [...h2c, ...upgrade]), {
          answers: 1
        })
        assert.strictEqual(upgraded.answers[0]?.status, 200)
        assert.strictEqual((yield* messages).length, 2)
      })
    )

    it.effect("in its query is not looked at, and is part of the address", () =>
      Effect.gen(function* () {
        const { messages, path, url } = yield* opened
        for (const query of [
          "?",
          "?a=b&a=c",
          "?%00%ff",
          "?token=x#fragment",
          "?a=/../b",
          "?" + "q".repeat(5000)
        ]) {
          const answer = yield* sendRaw(url, {
            method: "POST",
            path: path + query,
            body: "{}",
            headers: asGitHub("{}")
          })
          assert.strictEqual(answer.status, 200, query.slice(0, 20))
        }
        assert.strictEqual((yield* messages).length, 6)
        for (const other of [`${path}/x`, `/in/${path}`, path.toUpperCase()]) {
          const answer = yield* sendRaw(url, {
            method: "POST",
            path: other,
            body: "{}",
            headers: asGitHub("{}")
          })
          assert.strictEqual(answer.status, 404, other)
        }
      })
    )

    it.effect(
      "in the address is proved where the sender signs it, as it stands on the wire behind PUBLIC_URL",
      () =>
        Effect.gen(function* () {
          const { messages, webhook } = yield* open({ type: "square" }, secret)
          const { url } = yield* TestService
          const address = Redacted.value(webhook.url)
          const path = new URL(address).pathname
          const post = (query: string, signed: string) => {
            const signature = createHmac("sha256", secret).update(`${address}${signed}{}`).digest("base64")
            const headers = {
              "x-square-hmacsha256-signature": signature,
              "x-forwarded-host": "elsewhere.example"
            }
            return Effect.map(
              sendRaw(url, { method: "POST", path: path + query, body: "{}", headers }),
              ({ status }) => status
            )
          }
          const queries = ["", "?", "?a=%2Fb%20c", "?a=/b&A=%2fb", "?b=2&a=1", "?%e2%82%ac=+"]
          for (const query of queries) assert.strictEqual(yield* post(query, query), 200, query)
          for (const [query, signed] of [
            ["?a=%2Fb", "?a=/b"],
            ["?a=%2Fb", "?a=%2fb"],
            ["?a=1&b=2", "?b=2&a=1"],
            ["?", ""],
            ["?a=1", ""]
          ] as const) {
            assert.strictEqual(yield* post(query, signed), 401, query)
          }
          assert.strictEqual((yield* messages).length, queries.length)
        })
    )
  }
)
