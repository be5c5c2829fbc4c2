import { Effect } from "effect"
import type { Scheme } from "../Scheme.ts"
import { fromBase64 } from "./Encodings.ts"
import { checkShape, sharedVerifier } from "./Shared.ts"

const fatal = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** The `user:password` of an `Authorization` header; none where it is no Basic one. */
const credentialsOf = (header: string | undefined): string | undefined => {
  const [bytes] = fromBase64(/^basic +(\S+)$/i.exec(header ?? "")?.[1] ?? "")
  if (bytes === undefined) return undefined
  try {
    return fatal.decode(bytes)
  } catch {
    return undefined
  }
}

/** HTTP Basic (RFC 7617): each secret is `user:password`, in UTF-8. */
export const basic: Scheme<unknown> = {
  verifier: (_, secrets) =>
    Effect.andThen(
      checkShape(secrets, /^[^:]*:/, "a user, a colon and a password"),
      sharedVerifier(secrets, ({ headers }) => credentialsOf(headers["authorization"]))
    )
}
