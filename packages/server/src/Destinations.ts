import { Unprocessable } from "@do-integrations/domain/Problem"
import { Effect } from "effect"
import type { Egress } from "./Egress.ts"

/**
 * Refuses, at the time it is saved, a URL that the egress guard would refuse when it is called. `field` says where in
 * the payload it stands.
 */
export const checkDestination = Effect.fnUntraced(function* (
  egress: Egress["Service"],
  field: string | ReadonlyArray<string | number>,
  url: string
) {
  yield* Effect.mapError(
    egress.checkUrl(url),
    (denied) =>
      new Unprocessable({
        detail: "The URL may not be called",
        errors: [
          { path: ["payload", ...(typeof field === "string" ? [field] : field)], message: denied.message }
        ]
      })
  )
})
