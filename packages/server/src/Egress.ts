import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Context, Effect, Layer } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { Agent } from "undici"
import * as AddressPolicy from "./Egress/AddressPolicy.ts"
import { clientBounds } from "./Egress/ClientBounds.ts"
import * as Connector from "./Egress/Connector.ts"
import * as Dispatch from "./Egress/Dispatch.ts"
import { type DenialReason, EgressDenied } from "./Egress/EgressFailure.ts"
import * as Guard from "./Egress/Guard.ts"
import * as Resolver from "./Egress/Resolver.ts"

export type { EgressRequest, EgressResponse } from "./Egress/Dispatch.ts"
export { EgressDenied, EgressFailure } from "./Egress/EgressFailure.ts"

/** Bytes of headers an answer may have. */
const maxHeaderSize = 16 * 1024

/** Bytes of body the general client reads at most; the hot path cuts at the request's own cap. */
const maxResponseSize = 64 * 1024 * 1024

/** Connections to one origin. Further requests to it wait, within their deadlines. */
const connectionsPerOrigin = 256

/** Milliseconds an idle connection is kept, whatever longer time its peer proposes. */
const keepAliveMaxTimeout = 30_000

/** How the egress guard is set up. */
export interface EgressOptions {
  /** Entries of `EGRESS_ALLOW`: networks, optionally with one port, that may be reached although denied. */
  readonly allow: ReadonlyArray<string>
  /** Replaces DNS. */
  readonly lookup?: Resolver.Resolver | undefined
  /** PEM certificates trusted instead of the system's. */
  readonly ca?: string | undefined
}

/**
 * The only way out to a URL that a user can choose. Private, local and metadata addresses are refused at the
 * moment of dialling, https is required and verified, redirects are not followed.
 */
export class Egress extends Context.Service<
  Egress,
  {
    /**
     * Checks a URL when it is saved. A name that does not resolve is refused with a reason of its own: most
     * often it is a slip of the pen, and now is when its author can mend it. Each call is checked again when
     * it dials, so passing here promises nothing for later.
     */
    checkUrl(url: string): Effect.Effect<URL, EgressDenied>
    /** One call of the hot path: bounded in time and size, the whole answer in memory. */
    readonly dispatch: Dispatch.Dispatch
    /**
     * The general client, under the same guard. At most 64 MiB, 30 seconds of silence and 5 minutes in all;
     * callers that read a body into memory bring their own timeout. Compressed answers are not asked for.
     */
    readonly httpClient: HttpClient.HttpClient
  }
>()("@do-integrations/server/Egress") {
  /** The guard over the network, or over `lookup` and `ca` in tests. A bad `allow` entry fails the layer. */
  static readonly layer = (options: EgressOptions) => Layer.effect(Egress, make(options))

  /** The general `HttpClient` of {@link Egress} as a layer, for whatever asks for an HttpClient. */
  static readonly layerHttpClient = Layer.effect(
    HttpClient.HttpClient,
    Effect.map(Egress, (egress) => egress.httpClient)
  )
}

const make = Effect.fnUntraced(function* (options: EgressOptions) {
  const policy = yield* Effect.fromResult(AddressPolicy.make(options.allow))
  const guard = Guard.make(policy, options.lookup ?? Resolver.make())
  const connect = yield* Connector.make(guard, options.ca)
  const agent = yield* Effect.acquireRelease(
    Effect.sync(
      () =>
        new Agent({
          connect,
          connections: connectionsPerOrigin,
          keepAliveMaxTimeout,
          maxHeaderSize,
          maxResponseSize,
          // Every request brings a deadline of its own.
          headersTimeout: 0,
          bodyTimeout: 0
        })
    ),
    (agent) => Effect.promise(() => agent.destroy())
  )

  const checkUrl = Effect.fn("Egress.checkUrl")(function* (text: string) {
    const url = URL.parse(text)
    const denied = (reason: DenialReason) => new EgressDenied({ host: url?.hostname ?? "", reason })
    if (url === null) return yield* denied("not a URL")
    if (url.protocol !== "https:" && url.protocol !== "http:") return yield* denied("neither https nor http")
    if (url.username !== "" || url.password !== "") return yield* denied("credentials in the URL")
    yield* guard(Guard.targetOf(url)).pipe(Effect.catchTag("DnsFailure", () => denied("unresolvable name")))
    return url
  })

  const httpClient = yield* NodeHttpClient.makeUndici.pipe(
    Effect.provideService(
      NodeHttpClient.Dispatcher,
      agent.compose(clientBounds({ idle: 30_000, total: 300_000 }))
    ),
    Effect.map((client) =>
      client.pipe(
        HttpClient.mapRequest(HttpClientRequest.setHeader("accept-encoding", "identity")),
        // A client span records the whole URL, and its trace headers would go to strangers.
        HttpClient.transformResponse(Effect.provideService(HttpClient.TracerDisabledWhen, () => true))
      )
    )
  )

  return Egress.of({ checkUrl, dispatch: Dispatch.make(agent), httpClient })
})
