import { type Fault, Unprocessable } from "@do-integrations/domain/Problem"
import type { InboundWebhookPatch } from "@do-integrations/domain/Webhook/Inbound"
import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound/Scheme"
import { Effect } from "effect"
import { traitsOf } from "./Schemes.ts"
import { secretHeaders } from "./SecretHeaders.ts"

/** Where a webhook reads what its sender says. */
type Places = Pick<InboundWebhookPatch, "dedupe" | "eventType">

const notKept = "Expected a header that may be kept: this one holds a secret"

const faultsOf = (scheme: InboundScheme, { dedupe, eventType }: Places): ReadonlyArray<Fault> => {
  const secret = (name: string) =>
    secretHeaders.has(name.toLowerCase()) ||
    traitsOf(scheme).secretHeaders?.includes(name.toLowerCase()) === true
  const faults: Array<Fault> = []
  if (scheme.type === "mailgun" && dedupe !== undefined && dedupe !== null) {
    const message =
      "Expected none under scheme mailgun: it signs a token and no body, and only the token tells repetitions"
    faults.push({ path: ["payload", "dedupe"], message })
  } else if (dedupe?.by === "header" && secret(dedupe.name)) {
    faults.push({ path: ["payload", "dedupe", "name"], message: notKept })
  }
  if (eventType?.in === "header" && secret(eventType.name)) {
    faults.push({ path: ["payload", "eventType", "name"], message: notKept })
  }
  return faults
}

/**
 * Refuses, when they are saved, places of an id or an event type whose values may not be kept, and those of an id that
 * would let proofs be used again.
 */
export const checkPlaces = (scheme: InboundScheme, places: Places): Effect.Effect<void, Unprocessable> => {
  const errors = faultsOf(scheme, places)
  return errors.length === 0 ? Effect.void : Effect.fail(new Unprocessable({ errors }))
}
