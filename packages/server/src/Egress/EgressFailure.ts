import { Schema } from "effect"
import { addressDenials } from "./AddressPolicy.ts"

/** Why a call is refused before anything is sent, in the words shown to users. */
export const DenialReason = Schema.Literals([
  ...addressDenials,
  "not a URL",
  "neither https nor http",
  "credentials in the URL",
  "unresolvable name"
])
export type DenialReason = typeof DenialReason.Type

/** The guard refuses the target. `host` is the name or address as written, never what it resolves to. */
export class EgressDenied extends Schema.TaggedError<EgressDenied>()("EgressDenied", {
  host: Schema.String,
  reason: DenialReason
}) {
  override get message() {
    return `${this.host === "" ? "The URL" : this.host} is refused: ${this.reason}`
  }
}

/** The name has no address, or the name servers did not answer in time. */
export class DnsFailure extends Schema.TaggedError<DnsFailure>()("DnsFailure", { code: Schema.String }) {
  override get message() {
    return `the name could not be resolved (${this.code})`
  }
}

/** No TCP connection: refused, unreachable. */
export class ConnectFailed extends Schema.TaggedError<ConnectFailed>()("ConnectFailed", {
  code: Schema.String
}) {
  override get message() {
    return `could not connect (${this.code})`
  }
}

/** The TLS handshake failed, or the certificate does not prove the host. */
export class TlsFailure extends Schema.TaggedError<TlsFailure>()("TlsFailure", { code: Schema.String }) {
  override get message() {
    return `TLS failed (${this.code})`
  }
}

/** The deadline passed while connecting (DNS, TCP, TLS), while waiting for headers, or within the body. */
export class Timeout extends Schema.TaggedError<Timeout>()("Timeout", {
  phase: Schema.Literals(["connect", "headers", "body"])
}) {
  override get message() {
    return `timed out (${this.phase})`
  }
}

/** The connection ended before the answer was complete. */
export class Reset extends Schema.TaggedError<Reset>()("Reset", { code: Schema.String }) {
  override get message() {
    return `the connection was closed early (${this.code})`
  }
}

/** The peer broke HTTP (malformed or oversize headers, bad chunking), or the request cannot be expressed in it. */
export class ProtocolError extends Schema.TaggedError<ProtocolError>()("ProtocolError", {
  code: Schema.String
}) {
  override get message() {
    return `not valid HTTP (${this.code})`
  }
}

/** An outbound call that got no answer. An answer with any status, redirects included, is not a failure. */
export class EgressFailure extends Schema.TaggedError<EgressFailure>()("EgressFailure", {
  host: Schema.String,
  reason: Schema.Union([EgressDenied, DnsFailure, ConnectFailed, TlsFailure, Timeout, Reset, ProtocolError])
}) {
  override get message() {
    return this.reason._tag === "EgressDenied" ? this.reason.message : `${this.host}: ${this.reason.message}`
  }
}

/** The machine-readable code of a Node or undici error, its name when it has none. */
export const errorCode = (error: unknown): string => {
  if (!(error instanceof Error)) return "UNKNOWN"
  return "code" in error && typeof error.code === "string" ? error.code : error.name
}
