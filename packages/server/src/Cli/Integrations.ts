import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { WebUrl } from "@do-integrations/domain/Http"
import { ApiKeyPlacement, Integration, IntegrationId } from "@do-integrations/domain/Integration"
import { DisplayName } from "@do-integrations/domain/Tenant"
import { Effect, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { asTenant } from "./Connection.ts"
import { customer, paging, secret } from "./Input.ts"
import { printDone, printList, printOne } from "./Output.ts"

const decodePlacement = Schema.decodeUnknownOption(ApiKeyPlacement)

/** `bearer`, `header:X-Api-Key`, `query:key` or `basic:username`. */
const placement = Flag.String("placement").pipe(
  Flag.withDescription(
    "Where the service expects its key: bearer, header:NAME, query:NAME or basic:USERNAME"
  ),
  Flag.filterMap(
    (text) => {
      const [place, name] = text.split(/:(.*)/s)
      return decodePlacement({ in: place, ...(place === "basic" ? { username: name } : { name }) })
    },
    () => "Expected bearer, header:NAME, query:NAME or basic:USERNAME"
  ),
  Flag.withDefault(ApiKeyPlacement.make({ in: "bearer" }))
)

const add = Command.make(
  "add",
  {
    name: Argument.String("name").pipe(Argument.withSchema(DisplayName)),
    baseUrl: Argument.String("base-url").pipe(Argument.withSchema(WebUrl)),
    placement,
    customer
  },
  ({ baseUrl, customer, name, placement }) =>
    Effect.gen(function* () {
      const { integrations } = yield* IntegrationsClient
      const credential = yield* secret("The service's API key")
      const payload = { type: "api_key", name, baseUrl, placement, credential, ...customer } as const
      yield* printOne(Integration)(yield* integrations.addIntegration({ headers: {}, payload }))
    }).pipe(asTenant)
).pipe(Command.withDescription("Add a service; its API key is read from a prompt or standard input"))

const printIntegrations = printList(Integration, ["id", "name", "status", "baseUrl", "customerId", "error"])

const list = Command.make("list", { ...paging, customer }, ({ cursor, customer, limit }) =>
  IntegrationsClient.use(({ integrations }) =>
    integrations.listIntegrations({ query: { ...limit, ...cursor, ...customer } })
  ).pipe(
    Effect.flatMap(({ items, nextCursor }) => printIntegrations(items, nextCursor)),
    asTenant
  )
).pipe(Command.withDescription("List integrations"))

const remove = Command.make(
  "remove",
  { id: Argument.String("id").pipe(Argument.withSchema(IntegrationId)) },
  (params) =>
    IntegrationsClient.use(({ integrations }) => integrations.removeIntegration({ params })).pipe(
      Effect.andThen(printDone(`Removed ${params.id}`)),
      asTenant
    )
).pipe(Command.withDescription("Remove an integration with its credential"))

/** `doi integrations`: services that are reached with an API key. */
export const integrations = Command.make("integrations").pipe(
  Command.withDescription("Manage services that are reached with an API key"),
  Command.withSubcommands([add, list, remove])
)
