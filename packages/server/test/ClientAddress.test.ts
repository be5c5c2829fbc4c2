import { parseNetwork } from "@do-integrations/domain/Webhook/Inbound/Network"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { Headers } from "effect/http"
import { NetAddress } from "effect/net"
import * as ClientAddress from "../src/Http/ClientAddress.ts"
import { forwardedNodes } from "../src/Http/Forwarded.ts"

const networks = (...texts: ReadonlyArray<string>) =>
  texts.map((text) => Result.getOrThrow(parseNetwork(text)))

const behind = ClientAddress.make(networks("10.0.0.0/8", "2001:db8:ffff::/48", "192.0.2.7"))

/** Where a request comes from that came over this peer, as text. */
const from = (peer: string | undefined, headers: Readonly<Record<string, string>> = {}, find = behind) => {
  const address = find(peer, Headers.fromInput(headers))
  return address === undefined ? undefined : NetAddress.formatIp(address)
}

const proxy = "10.0.0.1"

describe("the address of a client", () => {
  it("is its peer's, whatever it says, unless that is a trusted proxy", () => {
    const said = { forwarded: "for=203.0.113.9", "x-forwarded-for": "203.0.113.9" }
    assert.strictEqual(from("198.51.100.7", said), "198.51.100.7")
    assert.strictEqual(from("::ffff:198.51.100.7", said), "198.51.100.7")
    assert.strictEqual(from("2001:db8::7", said), "2001:db8::7")
    assert.strictEqual(from("fe80::1%eth0", said), "fe80::1")
    assert.strictEqual(from(proxy, said, ClientAddress.make([])), proxy)
    assert.strictEqual(from(proxy), proxy)
    assert.strictEqual(from(`::ffff:${proxy}`, said), "203.0.113.9")
    assert.isUndefined(from(undefined, said))
    assert.isUndefined(from("", said))
  })

  it("is the right-most one that is no trusted proxy's", () => {
    for (const [list, expected] of [
      ["203.0.113.9", "203.0.113.9"],
      ["1.1.1.1, 203.0.113.9", "203.0.113.9"],
      ["1.1.1.1,203.0.113.9 , 10.1.2.3,192.0.2.7", "203.0.113.9"],
      ["garbage, 203.0.113.9, 10.1.2.3", "203.0.113.9"],
      ["203.0.113.9:4711", "203.0.113.9"],
      ["[2001:db8::9]:4711", "2001:db8::9"],
      ["[2001:db8::9]", "2001:db8::9"],
      ["2001:db8::9", "2001:db8::9"],
      ["::ffff:203.0.113.9", "203.0.113.9"],
      ["::ffff:10.9.9.9", "10.9.9.9"],
      ["10.0.0.3, 10.0.0.2", "10.0.0.3"],
      ["203.0.113.9, garbage", undefined],
      ["203.0.113.9, 10.0.0.2, unknown", undefined],
      ["203.0.113.9,", undefined],
      ["203.0.113.09", undefined],
      ["203.0.113.9.", undefined],
      ["localhost", undefined],
      ["", proxy],
      [" ", proxy]
    ] as const) {
      assert.strictEqual(from(proxy, { "x-forwarded-for": list }), expected, list)
    }
  })

  it("is read from Forwarded as RFC 7239 has it", () => {
    for (const [header, expected] of [
      ["for=203.0.113.9", "203.0.113.9"],
      ["For=203.0.113.9;proto=https;by=10.0.0.2", "203.0.113.9"],
      ['for="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"],
      ["for=1.1.1.1, for=203.0.113.9, for=10.0.0.2;host=x", "203.0.113.9"],
      ['for="203.0.113.9:80" ; proto=http , for=10.0.0.2', "203.0.113.9"],
      ['for="203.0.113.9:_port"', "203.0.113.9"],
      ['for="203\\.0.113.9"', "203.0.113.9"],
      ['by="a,b;for=1.1.1.1";for=203.0.113.9', "203.0.113.9"],
      ["for=203.0.113.9:80", "203.0.113.9"],
      ["for=unknown", undefined],
      ["for=_hidden, for=10.0.0.2", undefined],
      ["for=203.0.113.9, proto=https", undefined],
      ["for=203.0.113.9;for=203.0.113.10", undefined],
      ['for="203.0.113.9', undefined],
      ['for=1.1.1.1;by="x, for=203.0.113.9', undefined],
      ['for=1.1.1.1;by="x, for="[2001:db8::9]"', undefined],
      ["for = 203.0.113.9", undefined],
      ["for=", undefined]
    ] as const) {
      assert.strictEqual(from(proxy, { forwarded: header }), expected, header)
    }
  })

  it("is nobody's where the two headers name different clients", () => {
    const both = (forwarded: string, list: string) => from(proxy, { forwarded, "x-forwarded-for": list })
    assert.strictEqual(both("for=203.0.113.9", "203.0.113.9, 10.0.0.2"), "203.0.113.9")
    assert.strictEqual(both("for=10.0.0.2", "203.0.113.9"), "203.0.113.9")
    assert.strictEqual(both("for=203.0.113.9", "10.0.0.2"), "203.0.113.9")
    assert.strictEqual(both("for=10.0.0.3", "10.0.0.2"), "10.0.0.3")
    assert.isUndefined(both("for=203.0.113.9", "203.0.113.10"))
    assert.isUndefined(both("garbage", "203.0.113.9"))
    assert.isUndefined(both("for=203.0.113.9", "garbage"))
  })

  it("is looked for in no more places than there are proxies in a row", () => {
    const list = (hops: number) => ["203.0.113.9", ...Array.from({ length: hops }, () => "10.0.0.2")]
    const forwarded = (hops: number) => list(hops).map((node) => `for=${node}`)
    assert.strictEqual(from(proxy, { "x-forwarded-for": list(31).join() }), "203.0.113.9")
    assert.strictEqual(from(proxy, { forwarded: forwarded(31).join() }), "203.0.113.9")
    assert.isUndefined(from(proxy, { "x-forwarded-for": list(32).join() }))
    assert.isUndefined(from(proxy, { forwarded: forwarded(32).join() }))
  })

  it("takes no long time to find in the longest headers that the server reads", () => {
    const long = (part: string) => part.repeat(Math.ceil(15_000 / part.length))
    const headers = [
      "10.0.0.2,",
      "for=10.0.0.2,",
      ",",
      " ",
      ";",
      "a",
      '"',
      "\\",
      'for="\\',
      "a=b;",
      "[",
      "1.",
      "\t "
    ]
    for (const part of headers) {
      const start = performance.now()
      for (const end of ["", "!", "203.0.113.9", 'for="'] as const) {
        from(proxy, { forwarded: long(part) + end, "x-forwarded-for": long(part) + end })
      }
      assert.isBelow(performance.now() - start, 250, part)
    }
  })

  const Address = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))).check(
    Schema.isMinLength(4),
    Schema.isMaxLength(4)
  )
  const Said = Schema.Struct({
    header: Schema.Literals(["forwarded", "x-forwarded-for"]),
    other: Schema.Boolean,
    text: Schema.Array(
      Schema.Union([
        Schema.String,
        Schema.Literals([
          ",",
          ";",
          '"',
          "\\",
          "for=",
          " ",
          "10.0.0.2",
          "203.0.113.9",
          "[",
          "]",
          ":",
          "unknown"
        ])
      ])
    )
  })

  it.effect.prop(
    "is never another because of what its client says",
    { client: Address, hops: Address, said: Said },
    ({ client, hops, said }) =>
      Effect.sync(() => {
        // No trusted proxy, and none that is written in the texts.
        const real = [198, 51, 100, (client[3] ?? 0) % 200].join(".")
        const node = (address: string) => (said.header === "forwarded" ? `for=${address}` : address)
        const chain = [real, ...hops.slice(0, 2).map((hop) => `10.0.${hop}.1`)].map(node)
        // Control characters never get past the server's parser.
        const text = said.text.join("").replaceAll(/[^\t\u0020-\u007e\u0080-\u00ff]/g, "")
        const other = said.header === "forwarded" ? "x-forwarded-for" : "forwarded"
        const found = from(proxy, {
          [said.header]: [text, ...chain].join(", "),
          ...(said.other ? { [other]: text } : {})
        })
        assert.include([real, undefined], found)
        if (said.header === "x-forwarded-for" && !said.other) assert.strictEqual(found, real)
        assert.strictEqual(from(real, { [said.header]: text, [other]: text }), real)
      }),
    { arbitrary: { runs: 2000 } }
  )

  it.effect.prop("is found without an error in whatever is sent", [Schema.String, Schema.String], ([a, b]) =>
    Effect.sync(() => {
      from(a, { forwarded: b, "x-forwarded-for": a })
      from(proxy, { forwarded: a, "x-forwarded-for": b })
      assert.isTrue(forwardedNodes(a)?.every((node) => node !== "") ?? true)
    })
  )
})

describe("a network", () => {
  it("is its IPv4 form where it is an IPv4-mapped one, and a bare address stands for itself", () => {
    for (const [text, expected] of [
      ["::ffff:10.0.0.0/104", "10.0.0.0/8"],
      ["::ffff:192.0.2.7", "192.0.2.7/32"],
      ["192.0.2.7", "192.0.2.7/32"],
      ["2001:db8::1", "2001:db8::1/128"],
      ["::/0", "::/0"],
      ["10.0.0.1/8", undefined],
      ["10.0.0.0/33", undefined],
      ["10.0.0/8", undefined],
      ["example.com", undefined],
      ["", undefined]
    ] as const) {
      const network = Result.getOrUndefined(parseNetwork(text))
      assert.strictEqual(network?.toString(), expected, text)
    }
  })
})
