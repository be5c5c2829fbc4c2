import type { PlatformEvent } from "@do-integrations/domain/Event/Platform"
import type { IntegrationType } from "@do-integrations/domain/Integration"
import type { Status } from "@do-integrations/domain/Lifecycle"

/** A change of an integration's status. */
interface StatusChange {
  readonly from: Status
  readonly to: Status
  /** Why it is in `error` now. */
  readonly error?: string | undefined
}

/** The event that tells of a change of status, for integrations of both tiers; most changes have none. */
export const statusEvent = (
  integrationType: IntegrationType,
  { error, from, to }: StatusChange
): PlatformEvent | undefined => {
  if (from === to) return undefined
  switch (to) {
    case "active":
      return { type: "integration:connected", data: { integrationType } }
    case "not_configured":
      return { type: "integration:disconnected", data: { integrationType } }
    case "error":
      return { type: "integration:error", data: { integrationType, error: error ?? "" } }
    default:
      return undefined
  }
}
