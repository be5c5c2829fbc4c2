import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { createHash, createHmac } from "node:crypto"
import { address, post, type Sent } from "./support/SchemeSender.ts"
import { crypto, readBy, takes } from "./support/Verifying.ts"

const config = { type: "twilio" } as const

/** Of the examples in Twilio's documentation. */
const documented = "12345"

const token = "0123456789abcdef0123456789abcdef"

type Fields = ReadonlyArray<readonly [name: string, value: string]>

const form = (fields: Fields, signature: string, url = address, headers: Sent["headers"] = {}): Sent => ({
  ...post(new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value])).toString(), {
    "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
    "x-twilio-signature": signature,
    ...headers
  }),
  url
})

const signed = (content: string) => createHmac("sha1", token).update(content).digest("base64")

layer(crypto)("Twilio", (it) => {
  it.effect("its documentation's example is taken", () =>
    Effect.gen(function* () {
      const fields = [
        ["To", "+18005551212"],
        ["Digits", "1234"],
        ["CallSid", "CA1234567890ABCDE"],
        ["From", "+12349013030"],
        ["Caller", "+12349013030"]
      ] as const
      const url = "https://mycompany.com/myapp.php?foo=1&bar=2"
      const sent = form(fields, "0/KCTR6DLpKmkAf8muzZqo1nDgQ=", url)
      assert.isTrue(yield* takes(config, [documented], sent))
      assert.isTrue(yield* takes(config, ["another", documented], sent))
      assert.isFalse(yield* takes(config, ["another"], sent))
      assert.isFalse(yield* takes(config, [documented], { ...sent, url: `${url}&baz=3` }))
      assert.isFalse(yield* takes(config, [documented], { ...sent, body: `${sent.body}&Caller=x` }))
    })
  )

  it.effect("fields that come twice, without a value and beyond ASCII are signed as its SDK has it", () =>
    Effect.gen(function* () {
      const sent = form(
        [
          ["MessageSid", "SM1"],
          ["Media", "b"],
          ["a", "lower"],
          ["Body", "Grüße & Küsse +1"],
          ["Media", "a"],
          ["Empty", ""],
          ["MessageStatus", "delivered"],
          ["Media", "b"]
        ],
        "UqCIdKravNEknwfHzTS/mnPUfi0="
      )
      assert.isTrue(yield* takes(config, [token], sent))
    })
  )

  it.effect("an address is taken as it was signed: with its port or without", () =>
    Effect.gen(function* () {
      const withPort = "W0pxCfxVAFeqK+QuvehOJGBHlT4="
      const fields = [["MessageSid", "SM1"]] as const
      assert.isTrue(yield* takes(config, [token], form(fields, withPort)))
      const cases = [
        ["https://a.example:8443/in/x?y=1", "https://a.example/in/x?y=1"],
        ["https://a.example:8443/in/x?y=1", "https://a.example:8443/in/x?y=1"],
        ["https://user:pass@a.example/in/x", "https://user:pass@a.example:443/in/x"],
        ["https://[2001:db8::1]/in/x", "https://[2001:db8::1]:443/in/x"],
        ["https://[2001:db8::1]:8443/in/x", "https://[2001:db8::1]/in/x"],
        ["http://a.example/in/x", "http://a.example:80/in/x"]
      ] as const
      for (const [url, as] of cases) {
        const sent = form(fields, signed(`${as}MessageSidSM1`), url)
        assert.isTrue(yield* takes(config, [token], sent), `${url} as ${as}`)
      }
      const elsewhere = form(fields, signed("https://b.example/in/xMessageSidSM1"), "https://a.example/in/x")
      assert.isFalse(yield* takes(config, [token], elsewhere))
    })
  )

  it.effect("a body that is no form has its hash in the address, as its SDK has it", () =>
    Effect.gen(function* () {
      const body = '[{"specversion":"1.0","type":"com.twilio.messaging.message.delivered"}]'
      const hash = "647d08ad65bee87f3d36f3a0f3248de1bfe53db32671e7bcee7e80414ed432f7"
      const url = `${address}&bodySHA256=${hash}`
      const sent = { ...post(body, { "x-twilio-signature": "1ZR6ZAYPr0GvwlSoDAHBvayvk6Y=" }), url }
      assert.isTrue(yield* takes(config, [token], sent))
      assert.strictEqual(readBy(config, sent).eventType, "com.twilio.messaging.message.delivered")
      assert.isFalse(yield* takes(config, [token], { ...sent, body: `${body} ` }))
      const other = createHash("sha256").update("{}").digest("hex")
      assert.isFalse(yield* takes(config, [token], { ...sent, body: "{}", url: url.replace(hash, other) }))
    })
  )

  it.effect("a body that nothing vouches for is refused", () =>
    Effect.gen(function* () {
      const json = post('{"a":1}', { "x-twilio-signature": signed(address) })
      assert.isFalse(yield* takes(config, [token], json))
      assert.isTrue(yield* takes(config, [token], { ...json, body: "" }))
      const short = `${address}&bodySHA256=00`
      const sent = { ...post('{"a":1}', { "x-twilio-signature": signed(short) }), url: short }
      assert.isFalse(yield* takes(config, [token], sent))
    })
  )

  it.effect("a form of more fields than Twilio sends is refused before they are sorted", () =>
    Effect.gen(function* () {
      const fields = (count: number) => Array.from({ length: count }, (_, i) => [`f${i}`, ""] as const)
      const names = (count: number) =>
        fields(count)
          .map(([name]) => name)
          .toSorted()
          .join("")
      for (const [count, taken] of [
        [1000, true],
        [1001, false]
      ] as const) {
        const sent = form(fields(count), signed(address + names(count)))
        assert.strictEqual(yield* takes(config, [token], sent), taken)
      }
    })
  )

  it.effect("a message is told by Twilio's token of it, and typed by what happened", () =>
    Effect.sync(() => {
      const read = (fields: Fields) =>
        readBy(config, form(fields, "", address, { "i-twilio-idempotency-token": "8a4f" }))
      const sms = [["SmsStatus", "sent"]] as const
      assert.deepStrictEqual(read([...sms, ["MessageStatus", "sent"], ["MessageSid", "SM1"]]), {
        id: "8a4f",
        eventType: "sent"
      })
      assert.strictEqual(read([["SmsStatus", "received"]]).eventType, "received")
      assert.strictEqual(read([["CallStatus", "ringing"]]).eventType, "ringing")
      assert.strictEqual(
        read([
          ["CallStatus", "in-progress"],
          ["RecordingStatus", "completed"]
        ]).eventType,
        "completed"
      )
      assert.strictEqual(read([["EventType", "onMessageAdded"]]).eventType, "onMessageAdded")
      assert.isUndefined(readBy(config, form([["MessageSid", "SM1"]], "")).id)
    })
  )
})
