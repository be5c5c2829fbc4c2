import { Effect, Result } from "effect"
import { Base64 } from "effect/encoding"
import type { Scheme } from "../Scheme.ts"
import { checkShape, sharedVerifier } from "./Shared.ts"

const fatal = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** The `user:password` of an `Authorization` header; none where it is no Basic one. */
const credentialsOf = (header: string | undefined): string | undefined => {
  const text = /^basic +([A-Za-z0-9+/=]+)$/i.exec(header ?? "")?.[1]
  const bytes = text === undefined ? undefined : Base64.decode(text)
  if (bytes === undefined || Result.isFailure(bytes)) return undefined
  try {
    return fatal.decode(bytes.success)
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
