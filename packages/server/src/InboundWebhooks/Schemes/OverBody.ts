import { Effect, type Redacted } from "effect"
import { hmacVerifier } from "../Scheme.ts"
import { stripped } from "./Encodings.ts"
import { sha256Keys } from "./Keys.ts"

/** Where a sender writes the HMAC of a body, and how. */
interface Written {
  /** The header, in lower case. */
  readonly header: string
  /** What stands before the signature. */
  readonly prefix?: string
  /** From the signature's text to its bytes; none where it cannot be read. */
  readonly decode: (text: string) => ReadonlyArray<Uint8Array>
}

/** The verifier of the many senders that sign the body alone, by HMAC-SHA256 under the secret's text. */
export const overBody =
  ({ decode, header, prefix = "" }: Written) =>
  (_: unknown, secrets: ReadonlyArray<Redacted.Redacted>) =>
    Effect.flatMap(sha256Keys(secrets), (keys) =>
      hmacVerifier(keys, ({ body, headers }) => ({
        signatures: stripped(headers[header], prefix).flatMap(decode),
        content: body
      }))
    )
