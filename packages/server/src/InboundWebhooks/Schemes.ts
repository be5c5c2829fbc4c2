import type { InboundScheme } from "@do-integrations/domain/Webhook/Inbound"
import type { Redacted } from "effect"
import { github } from "./Schemes/GitHub.ts"
import { hmac } from "./Schemes/Hmac.ts"
import { standard } from "./Schemes/Standard.ts"

/** The verifier of a webhook, by its scheme. A new scheme is a file of its own and a line here. */
export const verifierOf = (scheme: InboundScheme, secrets: ReadonlyArray<Redacted.Redacted>) => {
  switch (scheme.type) {
    case "github":
      return github(scheme, secrets)
    case "standard":
      return standard(scheme, secrets)
    case "hmac":
      return hmac(scheme, secrets)
  }
}
