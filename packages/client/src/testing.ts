import { Api } from "@do-integrations/domain/Api"
import { Effect, Layer, Record, type Schema } from "effect"
import type { HttpClientError } from "effect/http"
import type {
  HttpApi,
  HttpApiClient,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiMiddleware
} from "effect/http-api"
import { IntegrationsClient } from "./IntegrationsClient.ts"

type Groups = typeof Api extends HttpApi.HttpApi<string, infer Groups> ? Groups : never

type Method<Endpoint extends HttpApiEndpoint.ConstraintRequest> = (
  request: HttpApiEndpoint.ClientRequest<
    Endpoint["~Params"],
    Endpoint["~Query"],
    Endpoint["~Payload"],
    Endpoint["~Headers"],
    "decoded-only"
  >
) => Effect.Effect<
  HttpApiClient.SuccessType<Endpoint["~Success"]>,
  | Endpoint["~Error"]["Type"]
  | HttpApiMiddleware.Error<Endpoint["~Middleware"]>
  | HttpClientError.HttpClientError
  | Schema.SchemaError
>

/** Some of the client's methods, by group and endpoint, with the types that the API gives them. */
export type Mocks = {
  readonly [Group in Groups as Group["identifier"]]?: {
    readonly [Endpoint in HttpApiGroup.Endpoints<Group> as Endpoint["identifier"]]?: Method<Endpoint>
  }
}

const refusal = (group: string, endpoint: string) =>
  [endpoint, () => Effect.die(new Error(`${group}.${endpoint} is not mocked`))] as const

const layerMock = (mocks: Mocks): Layer.Layer<IntegrationsClient> => {
  const methods: Partial<Record<string, object>> = mocks
  const groups = Object.values(Api.groups).map(({ endpoints, identifier }) => [
    identifier,
    {
      ...Record.fromEntries(Object.keys(endpoints).map((name) => refusal(identifier, name))),
      ...methods[identifier]
    }
  ])
  // `fromEntries` forgets the names of groups and endpoints, which are read from the Api here; `Mocks` holds
  // each method that was given to its type.
  return Layer.succeed(IntegrationsClient, Object.fromEntries(groups))
}

/** Stand-ins for {@link IntegrationsClient} in the tests of programs that use it. */
export const IntegrationsClientTest = {
  /**
   * The client with these methods and no others: any other dies with its name, such as
   * `integrations.listIntegrations is not mocked`. Requests do not pass through the schemas.
   */
  layerMock
}
