import { assert, it, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { DnsFailure } from "../src/Egress/EgressFailure.ts"
import { Egress } from "../src/Egress.ts"

const names: Record<string, ReadonlyArray<string>> = {
  "public.test": ["93.184.215.14", "2606:4700::1"],
  "private.test": ["10.0.0.5"],
  "mixed.test": ["93.184.215.14", "10.0.0.5"],
  "mapped.test": ["::ffff:192.168.0.1"],
  "imds.test": ["169.254.169.254"],
  "local.test": ["127.0.0.1"],
  "empty.test": []
}

const lookup = (hostname: string) => {
  const addresses = names[hostname]
  return addresses === undefined
    ? Effect.fail(new DnsFailure({ code: "ENOTFOUND" }))
    : Effect.succeed(addresses)
}

const check = Effect.fnUntraced(function* (url: string) {
  const egress = yield* Egress
  return yield* Effect.match(egress.checkUrl(url), {
    onFailure: (denied) => denied.reason,
    onSuccess: () => "allowed"
  })
})

const Octet = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))

const fullWidth = (text: string) =>
  text.replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)))

layer(Egress.layer({ allow: ["127.0.0.1/32:8080", "169.254.0.0/16"], lookup }))("Egress.checkUrl", (it) => {
  it.effect("accepts https to public hosts and http to exceptions alone", () =>
    Effect.gen(function* () {
      const expected: Record<string, string> = {
        "https://public.test/hook?a=1": "allowed",
        "https://public.test:8443/": "allowed",
        "https://93.184.215.14/": "allowed",
        "https://[2606:4700::1]/": "allowed",
        "http://127.0.0.1:8080/": "allowed",
        "https://127.0.0.1:8080/": "allowed",
        "http://local.test:8080/": "allowed",
        "https://169.254.1.1/": "allowed",
        "http://public.test/": "plain http",
        "http://93.184.215.14:8080/": "plain http",
        "http://local.test/": "loopback",
        "https://private.test/": "private network",
        "https://mixed.test/": "private network",
        "https://mapped.test/": "private network",
        "https://imds.test/": "cloud metadata",
        "https://169.254.169.254/latest/meta-data/": "cloud metadata",
        "https://empty.test/": "unresolvable name",
        "https://nowhere.test/": "unresolvable name",
        "https://user@public.test/": "credentials in the URL",
        "https://:secret@public.test/": "credentials in the URL",
        "https://public.test@127.0.0.1/": "credentials in the URL",
        "ftp://public.test/": "neither https nor http",
        "file:///etc/passwd": "neither https nor http",
        "unix:/var/run/docker.sock": "neither https nor http",
        "//public.test/": "not a URL",
        "https://": "not a URL",
        "https://256.0.0.1/": "not a URL",
        "": "not a URL"
      }
      const found: Record<string, string> = {}
      for (const url of Object.keys(expected)) found[url] = yield* check(url)
      assert.deepStrictEqual(found, expected)
    })
  )

  it.effect.prop("sees through every spelling of a loopback address", [Octet, Octet, Octet], ([b, c, d]) =>
    Effect.gen(function* () {
      const number = ((127 << 24) | (b << 16) | (c << 8) | d) >>> 0
      const octal = (octet: number) => `0${octet.toString(8)}`
      const hosts = [
        `127.${b}.${c}.${d}`,
        `127.${b}.${c}.${d}.`,
        `127.${b}.${(c << 8) | d}`,
        `127.${(b << 16) | (c << 8) | d}`,
        `${number}`,
        `0x${number.toString(16)}`,
        `0${number.toString(8)}`,
        [127, b, c, d].map(octal).join("."),
        `0x7f.0x${b.toString(16)}.${c}.${octal(d)}`,
        fullWidth(`127.${b}.${c}.${d}`),
        `127。${b}。${c}。${d}`,
        `%31%32%37.${b}.${c}.${d}`,
        `[::ffff:127.${b}.${c}.${d}]`,
        `[64:ff9b::127.${b}.${c}.${d}]`
      ]
      for (const host of hosts) assert.strictEqual(yield* check(`https://${host}/`), "loopback", host)
      for (const host of hosts) assert.strictEqual(yield* check(`https:\\\\${host}\\`), "loopback", host)
    })
  )
})

it.effect("answers localhost without DNS, so that it meets the policy", () =>
  Effect.gen(function* () {
    const urls = ["https://localhost/", "https://LOCALHOST./", "https://a.localhost/", "https://ｌocalhost/"]
    for (const url of urls) assert.strictEqual(yield* check(url), "loopback")
  }).pipe(Effect.provide(Egress.layer({ allow: [] })))
)

it.effect("refuses to start on a bad exception", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(
      Effect.provide(check("https://public.test/"), Egress.layer({ allow: ["10.0.0.1/8"] }))
    )
    assert.strictEqual(error._tag, "InvalidEgressAllow")
    assert.include(error.message, "10.0.0.1/8")
  })
)
