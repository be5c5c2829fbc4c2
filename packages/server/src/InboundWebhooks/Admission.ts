import {
  AddressNotAllowed,
  MethodNotAllowed,
  PayloadTooLarge,
  RequestTimeout,
  TooManyRequests,
  UnsupportedMediaType
} from "@do-integrations/domain/Problem"
import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { parseNetwork } from "@do-integrations/domain/Webhook/Inbound/Network"
import type { RejectionReason } from "@do-integrations/domain/Webhook/Inbound/Rejection"
import { Duration, Effect, Option, Result } from "effect"
import type { HttpServerRequest } from "effect/http"
import { IpNetwork } from "effect/net"
import { AppConfig } from "../Config.ts"
import { type BodyRefusal, readBody } from "../Http/Body.ts"
import * as ClientAddress from "../Http/ClientAddress.ts"
import * as TokenBuckets from "../Http/TokenBuckets.ts"
import { Rejections } from "./Rejections.ts"
import type { StoredInboundWebhook } from "./Stored.ts"

/** The largest message that is taken, in bytes. */
const maxBody = 1024 * 1024

/** How long a body may take from its head to its last byte. */
const patience = Duration.seconds(10)

/** Seconds over which requests are counted, so that a short burst is let through. */
const window = 10

/** Why a request is not let in. */
export type Refusal =
  | AddressNotAllowed
  | BodyRefusal
  | MethodNotAllowed
  | TooManyRequests
  | UnsupportedMediaType

/** Which requests a webhook takes, read once. */
export interface Rules {
  readonly id: InboundWebhookId
  readonly methods: ReadonlyArray<string>
  readonly networks: ReadonlyArray<IpNetwork.IpNetwork> | undefined
  /** Requests in a second. */
  readonly rateLimit: number | undefined
  /** In lower case, without parameters. */
  readonly contentTypes: ReadonlySet<string> | undefined
}

/** Reads a webhook's rules. A network that cannot be read lets nobody in. */
export const rulesOf = (webhook: StoredInboundWebhook): Rules => ({
  id: webhook.id,
  methods: webhook.methods,
  networks: webhook.allowedNetworks?.flatMap((text) =>
    Result.match(parseNetwork(text), { onFailure: () => [], onSuccess: (network) => [network] })
  ),
  rateLimit: webhook.rateLimit,
  contentTypes: webhook.contentTypes === undefined ? undefined : new Set(webhook.contentTypes)
})

const mediaType = (header: string | undefined) => header?.split(";", 1)[0]?.trim().toLowerCase() ?? ""

const reasonOf = (refusal: BodyRefusal): RejectionReason | undefined =>
  refusal instanceof PayloadTooLarge
    ? "too_large"
    : refusal instanceof RequestTimeout
      ? "too_slow"
      : undefined

/**
 * Lets requests in: what a webhook does not take is refused before its body is read, the cheapest check first, and
 * counted. Answers with the body. Each node holds its own share of a rate.
 */
export const makeAdmission = Effect.gen(function* () {
  const { trustedProxies } = yield* AppConfig
  const rejections = yield* Rejections
  const clientAddress = ClientAddress.make(trustedProxies)
  // A webhook whose rate was changed begins anew.
  const buckets = new Map<number, ReturnType<typeof TokenBuckets.make>>()

  const bucketsOf = (rate: number) => {
    const known = buckets.get(rate)
    if (known !== undefined) return known
    const made = TokenBuckets.make(rate, rate * window)
    buckets.set(rate, made)
    return made
  }

  const isFrom = (
    networks: ReadonlyArray<IpNetwork.IpNetwork>,
    request: HttpServerRequest.HttpServerRequest
  ) => {
    const address = clientAddress(Option.getOrUndefined(request.remoteAddress), request.headers)
    return address !== undefined && networks.some((network) => IpNetwork.contains(network, address))
  }

  return (rules: Rules, request: HttpServerRequest.HttpServerRequest): Effect.Effect<Uint8Array, Refusal> => {
    const { contentTypes, id, methods, networks, rateLimit } = rules
    const refuse = (reason: RejectionReason, refusal: Refusal): Effect.Effect<never, Refusal> => {
      rejections.count(id, reason)
      return Effect.fail(refusal)
    }
    if (!methods.includes(request.method)) return refuse("method", new MethodNotAllowed({ allow: methods }))
    if (networks !== undefined && !isFrom(networks, request)) {
      return refuse("address", new AddressNotAllowed({ detail: "The webhook allows other networks" }))
    }
    const body = Effect.suspend((): Effect.Effect<Uint8Array, Refusal> => {
      if (contentTypes?.has(mediaType(request.headers["content-type"])) === false) {
        const detail = `The webhook takes ${[...contentTypes].join(", ")}`
        return refuse("content_type", new UnsupportedMediaType({ detail }))
      }
      return Effect.tapError(readBody(request, { maxBytes: maxBody, patience }), (refusal) => {
        const reason = reasonOf(refusal)
        if (reason !== undefined) rejections.count(id, reason)
        return Effect.void
      })
    })
    if (rateLimit === undefined) return body
    return Effect.flatMap(bucketsOf(rateLimit)(id), (wait) =>
      wait === 0
        ? body
        : refuse("rate_limit", new TooManyRequests({ retryAfter: Math.max(1, Math.ceil(wait / 1000)) }))
    )
  }
})
