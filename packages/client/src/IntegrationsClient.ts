import { Api } from "@do-integrations/domain/Api"
import { Authorization, RootAuthorization } from "@do-integrations/domain/Api/Middleware"
import { Config, Context, Effect, Layer, type Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { FetchHttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient, type HttpApiEndpoint, HttpApiMiddleware } from "effect/http-api"
import type { Client } from "./Client.ts"
import { retryTransient } from "./Retry.ts"

/** Where the service answers, and the key to call it with. */
export interface Options {
  readonly baseUrl: string
  /** A tenant's API key; for `tenants.*` the root key. */
  readonly apiKey: Redacted.Redacted
  /** `false` tries each call once, for people who wait; left out: transient failures are retried. */
  readonly retry?: boolean
}

const takesIdempotencyKey = ({ headers }: HttpApiEndpoint.Top) =>
  headers?.ast._tag === "Objects" &&
  headers.ast.propertySignatures.some(({ name }) => name === "idempotency-key")

const credentials = (apiKey: Redacted.Redacted) => {
  const authorize: HttpApiMiddleware.HttpApiMiddlewareClient<never, never, SecureRandom.SecureRandom> =
    Effect.fnUntraced(function* ({ endpoint, next, request }) {
      const authorized = HttpClientRequest.bearerToken(request, apiKey)
      if (!takesIdempotencyKey(endpoint) || "idempotency-key" in request.headers)
        return yield* next(authorized)
      const key = yield* (yield* SecureRandom.SecureRandom).uuidV4()
      return yield* next(HttpClientRequest.setHeader(authorized, "idempotency-key", key))
    })
  return Layer.merge(
    HttpApiMiddleware.layerClient(Authorization, authorize),
    HttpApiMiddleware.layerClient(RootAuthorization, authorize)
  ).pipe(Layer.provide(SecureRandom.layerWebCrypto))
}

const withOptionalParts = (client: HttpApiClient.ForApi<typeof Api>): Client => {
  const optional = (methods: object) =>
    Object.entries(methods).map(([endpoint, method]) => [
      endpoint,
      (request?: object) => method({ query: {}, headers: {}, ...request })
    ])
  const groups = Object.entries(client).map(([group, methods]) => [
    group,
    Object.fromEntries(optional(methods))
  ])
  // `fromEntries` forgets the names and types, which `Client` reads from the same Api. An endpoint passes
  // over parts that it does not take.
  return Object.fromEntries(groups)
}

const connect = ({ apiKey, baseUrl, retry = true }: Options) =>
  HttpApiClient.make(Api, { baseUrl, transformClient: retry ? retryTransient : undefined }).pipe(
    Effect.map(withOptionalParts),
    Effect.provide(credentials(apiKey))
  )

/**
 * The service's API as typed effects, one method per endpoint: `client.integrations.listIntegrations()`.
 *
 * Every problem that an endpoint declares is a typed error; besides those a call fails with HttpClientError
 * (the service could not be reached, or something else answered) or SchemaError (the request does not have
 * the documented shape). Transient failures are retried where that is safe (see `Retry.ts`); calls that
 * create or send carry an `Idempotency-Key`, a random one when the caller gives none.
 */
export class IntegrationsClient extends Context.Service<IntegrationsClient, Client>()(
  "@do-integrations/client/IntegrationsClient"
) {
  /** A client over `fetch` as a value, for programs that call with many keys. */
  static readonly make = (options: Options): Effect.Effect<Client> =>
    Effect.provide(connect(options), FetchHttpClient.layer)

  /** The client over an `HttpClient` of the caller's choice. */
  static readonly layerNoDeps = (options: Options) => Layer.effect(IntegrationsClient, connect(options))

  /** The client over `fetch`. */
  static readonly layer = (options: Options) =>
    Layer.effect(IntegrationsClient, IntegrationsClient.make(options))

  /** The client over `fetch`, with `DOI_URL` (by default the local service) and `DOI_API_KEY`. */
  static readonly layerConfig = Layer.unwrap(
    Effect.map(
      Config.all({
        baseUrl: Config.String("DOI_URL").pipe(Config.withDefault("http://127.0.0.1:3000")),
        apiKey: Config.Redacted("DOI_API_KEY")
      }),
      IntegrationsClient.layer
    )
  )
}
