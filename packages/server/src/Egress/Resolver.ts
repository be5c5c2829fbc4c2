import { Effect, Result } from "effect"
import { promises as dns } from "node:dns"
import { DnsFailure, errorCode } from "./EgressFailure.ts"

/** Resolves a host name to all its addresses, IPv4 first. An empty answer is a {@link DnsFailure}. */
export type Resolver = (hostname: string) => Effect.Effect<ReadonlyArray<string>, DnsFailure>

const isLocalhost = (hostname: string) => /^(?:.+\.)?localhost\.?$/i.test(hostname)

const isInvalid = (hostname: string) => /^(?:.+\.)?invalid\.?$/i.test(hostname)

/**
 * A resolver that asks the configured name servers directly, 5 seconds at most; the hosts file is not read.
 * `getaddrinfo` would occupy one of the process's few worker threads for as long as a hostile name server
 * delays its answer, and file access and encryption wait for those threads too.
 *
 * `localhost` is answered, and `invalid` is refused, without asking anyone (RFC 6761, 6.3 and 6.4).
 *
 * @param servers name servers (`address:port`) instead of the system's.
 */
export const make = (servers?: ReadonlyArray<string>): Resolver => {
  const resolver = new dns.Resolver({ timeout: 2_000, tries: 2 })
  if (servers !== undefined) resolver.setServers(servers)
  const query = (ask: () => Promise<ReadonlyArray<string>>) =>
    Effect.result(
      Effect.tryPromise({ try: ask, catch: (cause) => new DnsFailure({ code: errorCode(cause) }) })
    )
  return Effect.fnUntraced(function* (hostname) {
    if (isLocalhost(hostname)) return ["127.0.0.1"]
    if (isInvalid(hostname)) return yield* new DnsFailure({ code: "ENOTFOUND" })
    const answers = yield* Effect.all(
      [query(() => resolver.resolve4(hostname)), query(() => resolver.resolve6(hostname))],
      { concurrency: 2 }
    ).pipe(
      Effect.timeoutOrElse({ duration: "5 seconds", orElse: () => new DnsFailure({ code: "ETIMEOUT" }) })
    )
    const addresses = answers.flatMap((answer) => (Result.isSuccess(answer) ? answer.success : []))
    if (addresses.length > 0) return addresses
    const failures = answers.flatMap((answer) => (Result.isFailure(answer) ? [answer.failure] : []))
    // A name with neither record answers ENODATA twice; any other failure says more.
    return yield* failures.find(({ code }) => code !== "ENODATA") ?? new DnsFailure({ code: "ENODATA" })
  })
}
