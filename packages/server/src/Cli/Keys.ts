import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { ApiKey, ApiKeyId, CreatedApiKey, Scope } from "@do-integrations/domain/ApiKey"
import { DisplayName } from "@do-integrations/domain/Tenant"
import { Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { asTenant } from "./Connection.ts"
import { customer, paging } from "./Input.ts"
import { printDone, printList, printOne } from "./Output.ts"

const create = Command.make(
  "create",
  {
    name: Argument.String("name").pipe(Argument.withSchema(DisplayName)),
    scopes: Flag.Literals("scope", Scope.literals).pipe(
      Flag.withDescription("What the key may do; give it once for each"),
      Flag.atLeast(1)
    ),
    customer,
    expiresIn: Flag.Int("expires-in").pipe(
      Flag.withDescription("Seconds until the key expires"),
      Flag.map((expiresIn) => ({ expiresIn })),
      Flag.withDefault({})
    )
  },
  ({ customer, expiresIn, name, scopes }) =>
    IntegrationsClient.use(({ apiKeys }) =>
      apiKeys.createApiKey({ headers: {}, payload: { name, scopes, ...customer, ...expiresIn } })
    ).pipe(Effect.flatMap(printOne(CreatedApiKey)), asTenant)
).pipe(Command.withDescription("Create an API key; it is shown only now"))

const printKeys = printList(ApiKey, ["id", "name", "scopes", "customerId", "expiresAt", "lastUsedAt"])

const list = Command.make("list", paging, ({ cursor, limit }) =>
  IntegrationsClient.use(({ apiKeys }) => apiKeys.listApiKeys({ query: { ...limit, ...cursor } })).pipe(
    Effect.flatMap(({ items, nextCursor }) => printKeys(items, nextCursor)),
    asTenant
  )
).pipe(Command.withDescription("List API keys"))

const revoke = Command.make(
  "revoke",
  { id: Argument.String("id").pipe(Argument.withSchema(ApiKeyId)) },
  (params) =>
    IntegrationsClient.use(({ apiKeys }) => apiKeys.revokeApiKey({ params })).pipe(
      Effect.andThen(printDone(`Revoked ${params.id}`)),
      asTenant
    )
).pipe(Command.withDescription("Revoke an API key at once"))

/** `doi keys`: the tenant's API keys. */
export const keys = Command.make("keys").pipe(
  Command.withDescription("Manage the tenant's API keys"),
  Command.withSubcommands([create, list, revoke])
)
