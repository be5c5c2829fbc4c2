import { Bytes, Effect, type Redacted } from "effect"
import { hmacVerifier, millisOf } from "../Scheme.ts"
import { fromHex, valuesOf } from "./Encodings.ts"
import { sha256Keys } from "./Keys.ts"

const utf8 = new TextEncoder()

/** A header such as `t=1700000000,v1=...`, and what it signs. */
interface Pairs {
  /** The header, in lower case. */
  readonly header: string
  /** What stands between the pairs; left out: a comma. */
  readonly separator?: string
  /** The name of the time. */
  readonly time: string
  /** What the time is counted in; left out: seconds. */
  readonly unit?: "seconds" | "milliseconds"
  /** The name of the signatures, of which there may be several. */
  readonly signature: string
  /** What stands between the time and the body in what is signed; left out: a dot. */
  readonly joint?: string
}

/** The verifier of senders that write time and signatures into one header and sign `time.body`, as Stripe began it. */
export const timedPairs =
  ({ header, joint = ".", separator, signature, time, unit }: Pairs) =>
  ({ toleranceSeconds }: { readonly toleranceSeconds?: number }, secrets: ReadonlyArray<Redacted.Redacted>) =>
    Effect.flatMap(sha256Keys(secrets), (keys) =>
      hmacVerifier(
        keys,
        ({ body, headers }) => {
          const values = valuesOf(headers[header], separator)
          const [at = ""] = values(time)
          return {
            signatures: values(signature).flatMap(fromHex),
            content: Bytes.concat([utf8.encode(`${at}${joint}`), body]),
            at: millisOf(at, unit)
          }
        },
        toleranceSeconds
      )
    )
