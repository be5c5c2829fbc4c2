import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import {
  CustomHeader,
  CustomHeaders,
  isReserved,
  visible,
  VisibleHeader
} from "../src/Webhook/CustomHeader.ts"

const decode = Schema.decodeUnknownEffect(CustomHeaders)
const assertRefused = Effect.fnUntraced(function* (header: unknown, reason: RegExp) {
  const { message } = yield* Effect.flip(decode([header]))
  assert.match(message, reason)
  return message
})

describe("CustomHeader", () => {
  it.effect("takes any name and value that a request may carry", () =>
    Effect.gen(function* () {
      for (const [name, value] of [
        ["Authorization", "Bearer abc.def"],
        ["X-Env", "a\tb c"],
        ["x", "~"],
        ["X-Long", "v".repeat(4096)],
        ["secure", "1"],
        ["webhooks", "1"],
        ["hosts", "1"],
        ["constructor", "1"]
      ] as const) {
        const [header] = yield* decode([{ name, value }])
        assert.strictEqual(header?.name, name)
        assert.strictEqual(header && Redacted.value(header.value), value)
      }
    })
  )

  it.effect("refuses what could end the header or the request", () =>
    Effect.gen(function* () {
      const breaks = ["a\r\nb", "a\n", "\ra", "a\u0000", "a\u007f", "a\u001b"]
      const others = ["", " ", " a", "a ", "\ta", "a\t", "ä", "€", "\u00ff", "v".repeat(4097)]
      for (const value of [...breaks, ...others]) yield* assertRefused({ name: "x", value }, /"value"/)
      for (const name of [
        "",
        "a b",
        "a:b",
        ":path",
        ":authority",
        "a\r\nb",
        "ä",
        "x".repeat(101),
        "a\u0000"
      ]) {
        yield* assertRefused({ name, value: "v" }, /"name"/)
      }
      for (const header of [null, "a: b", [], {}, { name: "x" }, { name: "x", value: 1 }]) {
        yield* assertRefused(header, /./)
      }
      yield* assertRefused({ name: "x", value: "v", secret: "yes" }, /"secret"/)
    })
  )

  it.effect("never shows a value in the reason for refusing it", () =>
    Effect.gen(function* () {
      const message = yield* assertRefused({ name: "x", value: "hunter2\n", secret: true }, /printable ASCII/)
      assert.notInclude(message, "hunter2")
      const twice = yield* Effect.flip(
        decode([
          { name: "x", value: "hunter2" },
          { name: "X", value: "hunter3" }
        ])
      )
      assert.notMatch(twice.message, /hunter/)
    })
  )

  it.effect("refuses reserved names however they are written", () =>
    Effect.gen(function* () {
      for (const name of [
        "webhook-id",
        "Webhook-Signature",
        "webhook-anything",
        "svix-id",
        "content-length",
        "Content-Type",
        "content-encoding",
        "HOST",
        "Connection",
        "transfer-encoding",
        "TE",
        "trailer",
        "Upgrade",
        "Keep-Alive",
        "Proxy-Authorization",
        "proxy-connection",
        "expect",
        "User-Agent",
        "accept-encoding",
        "date",
        "Cookie",
        "Set-Cookie",
        "Sec-Fetch-Mode",
        "__proto__",
        "__PROTO__"
      ]) {
        assert.isTrue(isReserved(name), name)
        const message = yield* assertRefused({ name, value: "v" }, /not reserved/)
        assert.include(message, name)
      }
    })
  )

  it.effect("takes each name once, at most 20", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 21 }, (_, index) => ({ name: `x-${index}`, value: "v" }))
      assert.strictEqual((yield* decode(many.slice(0, 20))).length, 20)
      assert.match((yield* Effect.flip(decode(many))).message, /20/)
      const twice = ["a", "B", "x-1", "b"].map((name) => ({ name, value: "v" }))
      const { message } = yield* Effect.flip(decode(twice))
      assert.match(message, /got b again\n {2}at \[3\]\["name"\]/)
    })
  )

  it.prop("shows everything but secret values", [CustomHeader], ([header]) => {
    const shown = Schema.encodeSync(VisibleHeader)(visible(header))
    const { name, secret } = header
    const value = Redacted.value(header.value)
    assert.deepStrictEqual(shown, secret === true ? { name, secret } : { name, value })
    assert.match(`${name}: ${value}`, /^[\x21-\x7e]+: [\t\x20-\x7e]+$/)
  })
})
