import { Effect } from "effect"
import type { Scheme } from "../Scheme.ts"
import { checkShape, sharedVerifier } from "./Shared.ts"

/** `Authorization: Bearer` (RFC 6750): each secret is a token. */
export const bearer: Scheme<unknown> = {
  verifier: (_, secrets) =>
    Effect.andThen(
      checkShape(secrets, /^[\u0021-\u007e]+$/, "a token of visible ASCII characters without blanks"),
      sharedVerifier(secrets, ({ headers }) => /^bearer +(\S+)$/i.exec(headers["authorization"] ?? "")?.[1])
    )
}
