import { Effect, Result } from "effect"
import { isIP } from "node:net"
import type { AddressPolicy } from "./AddressPolicy.ts"
import { DnsFailure, EgressDenied } from "./EgressFailure.ts"
import type { Resolver } from "./Resolver.ts"

/** What is about to be dialled. `hostname` is a name or an IP literal, an IPv6 one without brackets. */
export interface Target {
  readonly hostname: string
  readonly port: number
  readonly secure: boolean
}

/** Answers the addresses that may be dialled for a target: resolved once, every one of them checked. */
export type Guard = (target: Target) => Effect.Effect<ReadonlyArray<string>, EgressDenied | DnsFailure>

/** The target a URL names, with the scheme's port when it has none of its own. */
export const targetOf = (url: {
  readonly protocol: string
  readonly hostname: string
  readonly port: string
}): Target => {
  const secure = url.protocol === "https:"
  return {
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    secure
  }
}

/** Builds the guard. One refused address refuses the name: a mixed answer is how rebinding begins. */
export const make = (policy: AddressPolicy, resolve: Resolver): Guard =>
  Effect.fnUntraced(function* ({ hostname, port, secure }) {
    const addresses = isIP(hostname) === 0 ? yield* resolve(hostname) : [hostname]
    if (addresses.length === 0) return yield* new DnsFailure({ code: "ENODATA" })
    for (const address of addresses) {
      const verdict = policy.check(address, port, secure)
      if (Result.isFailure(verdict))
        return yield* new EgressDenied({ host: hostname, reason: verdict.failure })
    }
    return addresses
  })
