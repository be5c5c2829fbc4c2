import { Api } from "@do-integrations/domain/Api"
import { Effect, Layer, Record } from "effect"
import type { Client } from "./Client.ts"
import { IntegrationsClient } from "./IntegrationsClient.ts"

/** Some of the client's methods, by group and endpoint. */
export type Mocks = { readonly [Group in keyof Client]?: Partial<Client[Group]> }

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
