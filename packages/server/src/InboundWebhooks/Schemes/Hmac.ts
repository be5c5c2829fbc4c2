import type { HmacScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { partsOf, type TemplatePart } from "@do-integrations/domain/Webhook/Inbound/HmacTemplate"
import { InvalidSigningSecret } from "@do-integrations/domain/Webhook/Signature"
import { Bytes, Effect, Redacted, Result } from "effect"
import { Mac } from "effect/crypto"
import { Base64, Hex } from "effect/encoding"
import type { Received } from "../Received.ts"
import { hmacVerifier, millisOf, type Scheme } from "../Scheme.ts"
import { fromBase64, fromHex, stripped } from "./Encodings.ts"

type Config = typeof HmacScheme.Type

const algorithms = { sha256: Mac.hmacSha256, sha384: Mac.hmacSha384, sha512: Mac.hmacSha512 }

const utf8 = new TextEncoder()

/** What each encoding of keys has to look like. */
const expected = {
  hex: "a key in hexadecimal digits, two for each byte",
  base64: "a key in base64"
}

/** The bytes of a key from the text that the sender shows. */
const keyBytes = (secret: Redacted.Redacted, encoding: Config["secretEncoding"] = "text") => {
  const text = Redacted.value(secret)
  if (encoding === "text") return Effect.succeed(utf8.encode(text))
  const bytes = encoding === "hex" ? Hex.decode(text) : Base64.decode(text)
  return Result.isSuccess(bytes) && bytes.success.length > 0
    ? Effect.succeed(bytes.success)
    : Effect.fail(new InvalidSigningSecret({ expected: expected[encoding] }))
}

const pieceOf = (part: TemplatePart, received: Received, timestamp: string): string | Uint8Array => {
  switch (part.type) {
    case "text":
      return part.text
    case "body":
      return received.body
    case "timestamp":
      return timestamp
    case "header":
      return received.headers[part.name] ?? ""
    default:
      return received[part.type]
  }
}

/** Any service that sends an HMAC in a header, over whatever of the request its template names. */
export const hmac: Scheme<Config> = {
  verifier: (config, secrets) => {
    const {
      algorithm,
      encoding,
      header,
      prefix = "",
      timestampHeader,
      timestampUnit,
      toleranceSeconds
    } = config
    const { template = timestampHeader === undefined ? "{body}" : "{timestamp}.{body}" } = config
    const parts = partsOf(template)
    const decode = encoding === "hex" ? fromHex : fromBase64
    const claimOf = (received: Received) => {
      const valueOf = (name: string) => received.headers[name.toLowerCase()]
      const timestamp = timestampHeader === undefined ? "" : (valueOf(timestampHeader) ?? "")
      const pieces = parts.map((part) => pieceOf(part, received, timestamp))
      return {
        signatures: stripped(valueOf(header), prefix).flatMap(decode),
        content: Bytes.concat(
          pieces.map((piece) => (typeof piece === "string" ? utf8.encode(piece) : piece))
        ),
        ...(timestampHeader === undefined ? {} : { at: millisOf(timestamp, timestampUnit) })
      }
    }
    return Effect.gen(function* () {
      const keys = yield* Effect.forEach(
        secrets,
        Effect.fnUntraced(function* (secret) {
          const bytes = yield* keyBytes(secret, config.secretEncoding)
          return yield* Effect.orDie(Mac.key<Mac.Algorithm>(algorithms[algorithm], bytes))
        })
      )
      return yield* hmacVerifier(keys, claimOf, toleranceSeconds)
    })
  }
}
