import { Effect, type Redacted } from "effect"
import { Mac } from "effect/crypto"
import { hmacVerifier } from "../Scheme.ts"
import { stripped } from "./Encodings.ts"
import { textKeys } from "./Keys.ts"

/** Where a sender writes the HMAC of a body, and how. */
interface Written {
  /** The header, in lower case. */
  readonly header: string
  /** What stands before the signature. */
  readonly prefix?: string
  /** The HMAC's algorithm; left out: HMAC-SHA256. */
  readonly algorithm?: Mac.Algorithm
  /** From the signature's text to its bytes; none where it cannot be read. */
  readonly decode: (text: string) => ReadonlyArray<Uint8Array>
}

/** The verifier of the many senders that sign the body alone, by an HMAC under the secret's text. */
export const overBody =
  ({ algorithm = Mac.hmacSha256, decode, header, prefix = "" }: Written) =>
  (_: unknown, secrets: ReadonlyArray<Redacted.Redacted>) =>
    Effect.flatMap(textKeys(algorithm, secrets), (keys) =>
      hmacVerifier(keys, ({ body, headers }) => ({
        signatures: stripped(headers[header], prefix).flatMap(decode),
        content: body
      }))
    )
