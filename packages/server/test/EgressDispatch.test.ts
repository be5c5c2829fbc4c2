import { assert, layer } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Ref } from "effect"
import * as net from "node:net"
import { Egress, type EgressRequest } from "../src/Egress.ts"
import { allClosed, cap, listen, lookup, Receiver } from "./EgressReceiver.ts"

/** A peer that answers any request with these bytes and leaves the connection open. */
const raw = (...answer: ReadonlyArray<string>) =>
  listen(
    net.createServer((socket) => {
      socket.on("error", () => {})
      socket.once("data", () => answer.forEach((part) => socket.write(part)))
    })
  )

const post = Effect.fnUntraced(function* (url: string, options?: Partial<EgressRequest>) {
  const egress = yield* Egress
  return yield* egress.dispatch({
    url: new URL(url),
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
    deadline: Duration.seconds(5),
    maxBody: cap,
    ...options
  })
})

const to = Effect.fnUntraced(function* (path: string, options?: Partial<EgressRequest>) {
  const { port } = yield* Receiver
  return yield* post(`http://receiver.test:${port}${path}`, options)
})

const reasonOf = <A, E extends { readonly reason: unknown }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (failure) => failure.reason)

const short = { deadline: Duration.millis(150) }

const guarded = Egress.layer({ allow: ["127.0.0.1/32"], lookup })

layer(Layer.merge(guarded, Receiver.layer), { excludeTestServices: true })("Egress.dispatch", (it) => {
  it.effect("sends the request as it is and returns the answer", () =>
    Effect.gen(function* () {
      const answer = yield* to("/echo?a=1", {
        method: "PUT",
        headers: { "x-id": "7" },
        body: new TextEncoder().encode("käse")
      })
      const [method, path, body, headers] = JSON.parse(new TextDecoder().decode(answer.body))
      assert.deepStrictEqual([method, path, body], ["PUT", "/echo?a=1", "käse"])
      assert.deepInclude(headers, { "x-id": "7", "accept-encoding": "identity" })
      assert.strictEqual(answer.status, 200)
      assert.isFalse(answer.truncated)
      assert.isAbove(answer.durationMs, 0)
    })
  )

  it.effect("returns an answer without body, an early hint's final answer, and HTTP/1.0", () =>
    Effect.gen(function* () {
      const none = yield* to("/none")
      assert.deepStrictEqual([none.status, none.body.length], [204, 0])
      const hinted = yield* to("/early-hints")
      assert.deepStrictEqual([hinted.status, new TextDecoder().decode(hinted.body)], [201, "made"])
      const old = yield* listen(
        net.createServer((socket) =>
          socket.on("error", () => {}).once("data", () => socket.end("HTTP/1.0 200 OK\r\n\r\nhello"))
        )
      )
      assert.strictEqual(new TextDecoder().decode((yield* post(`http://a.test:${old}/`)).body), "hello")
    })
  )

  it.effect("does not follow a redirect", () =>
    Effect.gen(function* () {
      const answer = yield* to("/redirect")
      assert.strictEqual(answer.status, 302)
      assert.strictEqual(answer.headers["location"], "http://169.254.169.254/")
    })
  )

  it.effect("ends a drip, a hang and slow DNS at the deadline, and names the phase", () =>
    Effect.gen(function* () {
      const { port } = yield* Receiver
      const started = performance.now()
      assert.deepInclude(yield* reasonOf(to("/drip", short)), { _tag: "Timeout", phase: "body" })
      assert.deepInclude(yield* reasonOf(to("/hang", short)), { _tag: "Timeout", phase: "headers" })
      assert.deepInclude(yield* reasonOf(post(`http://slow.test:${port}/`, short)), {
        _tag: "Timeout",
        phase: "connect"
      })
      assert.isBelow(performance.now() - started, 6_000)
      yield* allClosed("/drip")
      yield* allClosed("/hang")
    })
  )

  it.effect("cuts an endless body at the cap and closes the connection", () =>
    Effect.gen(function* () {
      const answer = yield* to("/endless")
      assert.deepStrictEqual([answer.status, answer.truncated, answer.body.length], [200, true, cap])
      yield* allClosed("/endless")
      const exact = yield* to("/exact")
      assert.deepStrictEqual([exact.truncated, exact.body.length], [false, cap])
    })
  )

  it.effect("decompresses what is declared, within the cap", () =>
    Effect.gen(function* () {
      for (const encoding of ["gzip", "deflate", "br"]) {
        const answer = yield* to(`/encoded/${encoding}`)
        assert.strictEqual(new TextDecoder().decode(answer.body), "plain text")
        assert.notProperty(answer.headers, "content-encoding")
      }
      const bomb = yield* to("/encoded/bomb")
      assert.deepStrictEqual([bomb.truncated, bomb.body.length], [true, cap])
      const cut = yield* to("/encoded/bomb", { maxBody: 1024 })
      assert.deepStrictEqual([cut.truncated, cut.body.length], [true, 1024])
      const broken = yield* to("/encoded/broken")
      assert.strictEqual(new TextDecoder().decode(broken.body), "not gzip at all")
      assert.strictEqual(broken.headers["content-encoding"], "gzip")
    })
  )

  it.effect("reports broken connections and broken HTTP apart", () =>
    Effect.gen(function* () {
      assert.deepInclude(yield* reasonOf(to("/reset")), { _tag: "Reset" })
      assert.deepInclude(yield* reasonOf(to("/half")), { _tag: "Reset" })
      assert.deepInclude(yield* reasonOf(to("/headers")), {
        _tag: "ProtocolError",
        code: "UND_ERR_HEADERS_OVERFLOW"
      })
      const chunks = yield* raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\nbad\r\n")
      assert.deepInclude(yield* reasonOf(post(`http://a.test:${chunks}/`)), { _tag: "ProtocolError" })
      const banner = yield* raw("SSH-2.0-OpenSSH_9.6\r\n")
      assert.deepInclude(yield* reasonOf(post(`http://a.test:${banner}/`)), { _tag: "ProtocolError" })
      const upgrade = yield* raw(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"
      )
      assert.include(
        ["ProtocolError", "Reset"],
        (yield* Effect.flip(post(`http://a.test:${upgrade}/`))).reason._tag
      )
      assert.deepInclude(yield* reasonOf(to("/", { headers: { "x-bad": "a\r\nb: c" } })), {
        _tag: "ProtocolError"
      })
      assert.deepInclude(yield* reasonOf(post("http://a.test:1/")), {
        _tag: "ConnectFailed",
        code: "ECONNREFUSED"
      })
    })
  )

  it.effect("refuses denied literals and names before dialling", () =>
    Effect.gen(function* () {
      const { port } = yield* Receiver
      const urls: Record<string, string> = {
        "http://10.0.0.5/": "private network",
        "http://private.test/": "private network",
        [`http://127.0.0.2:${port}/`]: "loopback",
        [`http://[::1]:${port}/`]: "loopback",
        "http://2130706434/": "loopback",
        "http://169.254.169.254/": "cloud metadata",
        "http://8.8.8.8/": "plain http"
      }
      for (const [url, reason] of Object.entries(urls)) {
        assert.deepInclude(yield* reasonOf(post(url)), { _tag: "EgressDenied", reason }, url)
      }
      assert.deepInclude(yield* reasonOf(post("ftp://8.8.8.8/")), { _tag: "ProtocolError" })
    })
  )

  it.effect("closes the connection when interrupted", () =>
    Effect.gen(function* () {
      const receiver = yield* Receiver
      const fiber = yield* Effect.forkChild(to("/hang"))
      while (!receiver.open.includes("/hang")) yield* Effect.sleep("5 millis")
      yield* Fiber.interrupt(fiber)
      yield* allClosed("/hang")
    })
  )

  it.effect("ends 300 concurrent drips together, those that wait for a connection too", () =>
    Effect.gen(function* () {
      const started = performance.now()
      const failures = yield* Effect.forEach(
        Array.from({ length: 300 }),
        () => Effect.flip(to("/drip", { deadline: Duration.millis(500) })),
        { concurrency: "unbounded" }
      )
      assert.isBelow(performance.now() - started, 8_000)
      assert.isTrue(failures.every(({ reason }) => reason._tag === "Timeout"))
      yield* allClosed("/drip")
      assert.strictEqual((yield* to("/none")).status, 204)
    })
  )
})

layer(Receiver.layer, { excludeTestServices: true })("Egress.dispatch and DNS", (it) => {
  it.effect("checks each new connection, so that a rebound name is caught", () =>
    Effect.gen(function* () {
      const { port } = yield* Receiver
      const asked = yield* Ref.make(0)
      const rebinding = () =>
        Effect.map(
          Ref.updateAndGet(asked, (n) => n + 1),
          (n) => [n <= 2 ? "127.0.0.1" : "10.0.0.5"]
        )
      yield* Effect.gen(function* () {
        const url = `http://rebind.test:${port}`
        assert.strictEqual((yield* (yield* Egress).checkUrl(url)).host, `rebind.test:${port}`)
        assert.strictEqual((yield* post(`${url}/endless`)).truncated, true)
        assert.strictEqual(yield* Ref.get(asked), 2)
        assert.deepInclude(yield* reasonOf(post(`${url}/none`)), {
          _tag: "EgressDenied",
          reason: "private network"
        })
        assert.strictEqual(yield* Ref.get(asked), 3)
      }).pipe(Effect.provide(Egress.layer({ allow: ["127.0.0.1/32"], lookup: rebinding })))
    })
  )

  it.effect("dials the next address when the first refuses, and only addresses that were checked", () =>
    Effect.gen(function* () {
      const { port } = yield* Receiver
      const several = (hostname: string) =>
        Effect.succeed(hostname === "spare.test" ? ["127.0.0.9", "127.0.0.1"] : ["127.0.0.1", "10.0.0.5"])
      yield* Effect.gen(function* () {
        assert.strictEqual((yield* post(`http://spare.test:${port}/none`)).status, 204)
        assert.deepInclude(yield* reasonOf(post(`http://mixed.test:${port}/none`)), { _tag: "EgressDenied" })
      }).pipe(Effect.provide(Egress.layer({ allow: ["127.0.0.0/8"], lookup: several })))
    })
  )
})
