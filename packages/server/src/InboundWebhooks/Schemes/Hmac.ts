import type { HmacScheme } from "@do-integrations/domain/Webhook/Inbound"
import { Bytes, Effect, Redacted } from "effect"
import { Mac } from "effect/crypto"
import { hmacVerifier, type Scheme } from "../Scheme.ts"
import { fromBase64, fromHex, stripped } from "./Encodings.ts"

const algorithms = { sha256: Mac.hmacSha256, sha384: Mac.hmacSha384, sha512: Mac.hmacSha512 }

const utf8 = new TextEncoder()

/** Any service that sends an HMAC of the body, or of `timestamp.body`, in a header. */
export const hmac: Scheme<typeof HmacScheme.Type> = Effect.fnUntraced(function* (config, secrets) {
  const keys = yield* Effect.forEach(secrets, (secret) =>
    Effect.orDie(Mac.key<Mac.Algorithm>(algorithms[config.algorithm], utf8.encode(Redacted.value(secret))))
  )
  const decode = config.encoding === "hex" ? fromHex : fromBase64
  return yield* hmacVerifier(keys, ({ body, headers }) => {
    const header = (name: string | undefined) =>
      name === undefined ? undefined : headers[name.toLowerCase()]
    const timestamp =
      config.timestampHeader === undefined ? undefined : (header(config.timestampHeader) ?? "")
    return {
      signatures: stripped(header(config.header), config.prefix ?? "").flatMap(decode),
      content: timestamp === undefined ? body : Bytes.concat([utf8.encode(`${timestamp}.`), body]),
      timestamp,
      externalId: header(config.idHeader)
    }
  })
})
