import { Caller } from "@do-integrations/domain/ApiKey"
import {
  Authorization,
  RequiredScope,
  RootAuthorization,
  TenantWide
} from "@do-integrations/domain/Api/Middleware"
import { Forbidden, TooManyRequests, Unauthorized } from "@do-integrations/domain/Problem"
import { Context, Effect, Layer, Redacted } from "effect"
import { Digest, Mac } from "effect/crypto"
import { ApiKeys } from "../ApiKeys.ts"
import { AppConfig } from "../Config.ts"
import { RootKey } from "../RootKey.ts"
import * as TokenBuckets from "./TokenBuckets.ts"

/** Seconds over which requests are counted, so that a short burst is let through. */
const window = 10

const utf8 = new TextEncoder()

const unauthorized = (detail: string) => new Unauthorized({ detail })

/** Counts a request against its key; each node counts for itself. */
const makeLimit = Effect.map(AppConfig, ({ rateLimit }) => {
  const take = TokenBuckets.make(rateLimit, rateLimit * window)
  return (key: string) =>
    Effect.flatMap(take(key), (wait) =>
      wait === 0
        ? Effect.void
        : Effect.fail(new TooManyRequests({ retryAfter: Math.max(1, Math.ceil(wait / 1000)) }))
    )
})

const authorization = Layer.effect(
  Authorization,
  Effect.gen(function* () {
    const apiKeys = yield* ApiKeys
    const limit = yield* makeLimit
    return Authorization.of({
      apiKey: (handler, { credential, endpoint }) =>
        Effect.gen(function* () {
          const caller = yield* apiKeys.authenticate(credential)
          if (caller === undefined) {
            return yield* unauthorized(
              "Send `Authorization: Bearer doi_...` with a key that is neither revoked nor expired"
            )
          }
          yield* limit(caller.keyId)
          const requiredScope = Context.getOrUndefined(endpoint.annotations, RequiredScope)
          if (requiredScope === undefined)
            return yield* Effect.die(new Error(`${endpoint.identifier} names no scope`))
          if (!caller.scopes.has(requiredScope)) {
            return yield* new Forbidden({ requiredScope, detail: `The key lacks the scope ${requiredScope}` })
          }
          if (
            caller.customerId !== undefined &&
            Context.getOrUndefined(endpoint.annotations, TenantWide) === true
          ) {
            return yield* new Forbidden({
              detail: "The key is confined to a customer; this concerns the whole tenant"
            })
          }
          return yield* Effect.provideService(handler, Caller, caller)
        })
    })
  })
)

const rootAuthorization = Layer.effect(
  RootAuthorization,
  Effect.gen(function* () {
    const digest = yield* Digest.Digest
    const limit = yield* makeLimit
    const hash = (key: Redacted.Redacted) => digest.digest(Digest.sha256, utf8.encode(Redacted.value(key)))
    const root = yield* hash(yield* RootKey)
    return RootAuthorization.of({
      rootKey: (handler, { credential }) =>
        Effect.gen(function* () {
          // Hashes have one length and tell nothing of how much of the key was right.
          if (!Mac.timingSafeEqual(root, yield* hash(credential))) {
            return yield* unauthorized("Send `Authorization: Bearer` with the root key")
          }
          yield* limit("root")
          return yield* handler
        })
    })
  })
)

/** Who may do what: API keys with scopes for tenants, the root key for the operator. */
export const layer = Layer.merge(authorization, rootAuthorization)
