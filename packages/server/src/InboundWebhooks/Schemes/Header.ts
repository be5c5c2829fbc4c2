import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { Effect } from "effect"
import type { Scheme } from "../Scheme.ts"
import { checkShape, headerValue, sharedVerifier } from "./Shared.ts"

/** A secret in a header of the sender's choice. */
export const header: Scheme<Extract<InboundScheme, { type: "header" }>> = {
  verifier: ({ name }, secrets) =>
    Effect.andThen(
      checkShape(secrets, headerValue, "visible ASCII characters, blanks only inside"),
      sharedVerifier(secrets, ({ headers }) => headers[name.toLowerCase()])
    )
}
