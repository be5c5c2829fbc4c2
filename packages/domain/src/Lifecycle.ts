import { Schema } from "effect"
import { IllegalTransition } from "./Problem.ts"

/** Where an integration of either tier stands. */
export const Status = Schema.Literals([
  "not_configured",
  "pending_auth",
  "active",
  "error",
  "suspended"
]).annotate({
  identifier: "Status",
  description: "Where an integration stands in its lifecycle."
})
export type Status = typeof Status.Type

/** What moves an integration from one status to another. */
export const Trigger = Schema.Literals([
  /** Settings were given for the first time. */
  "configure",
  /** The user was sent to the provider. */
  "connect",
  /** The provider's proof, or a verification, succeeded. */
  "authorized",
  /** The provider refused, or verification failed. */
  "failed",
  /** Consent was not finished within 24 h. */
  "abandoned",
  /** Consent of a reconnecting integration was not finished within 24 h. */
  "reconnect-abandoned",
  /** A dead grant, a withdrawn capability, a failed verification. */
  "fault",
  /** An operator, the tenant or the vendor stopped it. */
  "suspend",
  /** It goes on, and the stored credentials hold. */
  "resume-verified",
  /** It was to go on, but the stored credentials fail. */
  "resume-failed",
  /** It is connected anew with the stored credentials, which hold. */
  "reconnect-verified",
  /** It was to be connected anew, but the stored credentials fail. */
  "reconnect-failed",
  /** It is connected anew, and the user must consent again. */
  "reconnect-consent",
  "disconnect"
]).annotate({ identifier: "Trigger" })
export type Trigger = typeof Trigger.Type

/** Every transition that exists: from a status, by a trigger, to a status. Anything else is illegal. */
export const transitions: Readonly<Record<Status, Readonly<Partial<Record<Trigger, Status>>>>> = {
  not_configured: {
    configure: "pending_auth",
    connect: "pending_auth"
  },
  pending_auth: {
    authorized: "active",
    failed: "error",
    abandoned: "not_configured",
    "reconnect-abandoned": "error",
    disconnect: "not_configured"
  },
  active: {
    fault: "error",
    suspend: "suspended",
    disconnect: "not_configured"
  },
  error: {
    suspend: "suspended",
    "reconnect-verified": "active",
    "reconnect-consent": "pending_auth",
    disconnect: "not_configured"
  },
  suspended: {
    "resume-verified": "active",
    "resume-failed": "error",
    "reconnect-verified": "active",
    "reconnect-failed": "error",
    "reconnect-consent": "pending_auth",
    disconnect: "not_configured"
  }
}

/** The status that `trigger` leads to from `from`, or the error that it leads nowhere. */
export const next = (from: Status, trigger: Trigger): Status | IllegalTransition =>
  transitions[from][trigger] ?? new IllegalTransition({ from, by: trigger })
