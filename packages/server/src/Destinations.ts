import { Unprocessable } from "@do-integrations/domain/Problem"
import { Effect } from "effect"
import type { Egress } from "./Egress.ts"

/** Refuses, at the time it is saved, a URL that the egress guard would refuse when it is called. */
export const checkDestination = Effect.fnUntraced(function* (
  egress: Egress["Service"],
  field: string,
  url: string
) {
  yield* Effect.mapError(
    egress.checkUrl(url),
    (denied) =>
      new Unprocessable({
        detail: "The URL may not be called",
        errors: [{ path: ["payload", field], message: denied.message }]
      })
  )
})
