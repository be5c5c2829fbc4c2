import type { Api } from "@do-integrations/domain/Api"
import type { Effect, Schema, Types } from "effect"
import type { HttpClientError } from "effect/http"
import type {
  HttpApi,
  HttpApiClient,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiMiddleware
} from "effect/http-api"

type Groups = typeof Api extends HttpApi.HttpApi<string, infer Groups> ? Groups : never

type Part<Name extends string, Value> = [Value] extends [never] ? unknown : { readonly [_ in Name]: Value }

type OptionalPart<Name extends string, Value> = {} extends Value
  ? Partial<Part<Name, Value>>
  : Part<Name, Value>

type Request<Endpoint extends HttpApiEndpoint.ConstraintRequest> = Types.Simplify<
  Part<"params", Endpoint["~Params"]["Type"]> &
    OptionalPart<"query", Endpoint["~Query"]["Type"]> &
    OptionalPart<"headers", Endpoint["~Headers"]["Type"]> &
    (undefined extends Endpoint["~Payload"]["Type"]
      ? Partial<Part<"payload", Endpoint["~Payload"]["Type"]>>
      : Part<"payload", Endpoint["~Payload"]["Type"]>)
>

type Method<Endpoint extends HttpApiEndpoint.ConstraintRequest> = (
  ...args: {} extends Request<Endpoint> ? [request?: Request<Endpoint>] : [request: Request<Endpoint>]
) => Effect.Effect<
  HttpApiClient.SuccessType<Endpoint["~Success"]>,
  | Endpoint["~Error"]["Type"]
  | HttpApiMiddleware.Error<Endpoint["~Middleware"]>
  | HttpClientError.HttpClientError
  | Schema.SchemaError
>

/**
 * The API as typed effects, one method per endpoint: `client.integrations.listIntegrations()`. A request is
 * given as its `params`, `query`, `headers` and `payload`. Queries and headers of which nothing is required
 * may be left out, as may a payload that a request need not have, and so may a request of which nothing is left then.
 */
export type Client = {
  readonly [Group in Groups as Group["identifier"]]: {
    readonly [Endpoint in HttpApiGroup.Endpoints<Group> as Endpoint["identifier"]]: Method<Endpoint>
  }
}
