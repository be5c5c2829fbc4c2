import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { createHmac } from "node:crypto"
import { post } from "./support/SchemeSender.ts"
import { crypto, takes } from "./support/Verifying.ts"

const at = 1_700_000_000_000

const keys = { text: "a secret", hex: "00ff7f80", base64: "AP9/gA==" } as const

const Settings = Schema.Struct({
  algorithm: Schema.Literals(["sha256", "sha384", "sha512"]),
  encoding: Schema.Literals(["hex", "base64"]),
  prefix: Schema.Literals(["", "v1=", "sha256="]),
  secretEncoding: Schema.Literals(["text", "hex", "base64"]),
  timestampUnit: Schema.Literals(["seconds", "milliseconds"]),
  timed: Schema.Boolean,
  before: Schema.Array(Schema.Literals(["{method}", "{url}", "{header:X-Id}", ".", "v0:"])).check(
    Schema.isMaxLength(4)
  )
})

layer(crypto)("the scheme of any HMAC", (it) => {
  it.effect.prop(
    "takes what Node signs by the same settings, and nothing else",
    { settings: Settings, id: Schema.Literals(["1", "two"]), text: Schema.String },
    ({ id, settings, text }) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(at)
        const { algorithm, before, encoding, prefix, secretEncoding, timed, timestampUnit } = settings
        const time = String(timestampUnit === "seconds" ? at / 1000 : at)
        const body = JSON.stringify({ text })
        const config = {
          type: "hmac",
          header: "X-Signature",
          algorithm,
          encoding,
          prefix,
          secretEncoding,
          template: `${before.join("")}${timed ? "{timestamp}" : ""}{body}`,
          ...(timed ? { timestampHeader: "X-Time", timestampUnit } : {})
        } as const
        const request = post(body, { "x-id": id, "x-time": time })
        const values: Readonly<Record<string, string>> = {
          "{method}": "POST",
          "{url}": request.url,
          "{header:X-Id}": id
        }
        const content = before.map((part) => values[part] ?? part).join("") + (timed ? time : "") + body
        const bytes = Buffer.from(keys[secretEncoding], secretEncoding === "text" ? "utf8" : secretEncoding)
        const signed = (other = "") => {
          const signature = createHmac(algorithm, bytes).update(`${content}${other}`).digest(encoding)
          return { ...request, headers: { ...request.headers, "x-signature": `${prefix}${signature}` } }
        }
        const secrets = [keys[secretEncoding]]
        assert.isTrue(yield* takes(config, secrets, signed()))
        assert.isFalse(yield* takes(config, secrets, signed(" ")))
        if (timed) {
          yield* TestClock.setTime(at + 300_001)
          assert.isFalse(yield* takes(config, secrets, signed()))
        }
      }),
    { arbitrary: { runs: 200 } }
  )
})
