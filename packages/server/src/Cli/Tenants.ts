import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { CreatedTenant } from "@do-integrations/domain/Api/Tenants"
import { CreatedApiKey } from "@do-integrations/domain/ApiKey"
import { DisplayName, Tenant, TenantId } from "@do-integrations/domain/Tenant"
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { asOperator } from "./Connection.ts"
import { paging } from "./Input.ts"
import { printDone, printList, printOne } from "./Output.ts"

const id = Argument.String("id").pipe(Argument.withSchema(TenantId))
const name = Argument.String("name").pipe(Argument.withSchema(DisplayName))

const create = Command.make("create", { name }, (payload) =>
  IntegrationsClient.use(({ tenants }) => tenants.createTenant({ payload })).pipe(
    Effect.flatMap(printOne(CreatedTenant)),
    asOperator
  )
).pipe(Command.withDescription("Create a tenant; its first API key is shown only now"))

const list = Command.make("list", paging, ({ cursor, limit }) =>
  IntegrationsClient.use(({ tenants }) => tenants.listTenants({ query: { ...limit, ...cursor } })).pipe(
    Effect.flatMap(({ items, nextCursor }) => printTenants(items, nextCursor)),
    asOperator
  )
).pipe(Command.withDescription("List tenants"))

const printTenants = printList(Tenant, ["id", "name", "createdAt"])

const recover = Command.make("recover", { id }, (params) =>
  IntegrationsClient.use(({ tenants }) => tenants.recoverTenant({ params })).pipe(
    Effect.flatMap(printOne(CreatedApiKey)),
    asOperator
  )
).pipe(Command.withDescription("Issue a key that lasts an hour and administers a tenant's keys; audited"))

const remove = Command.make("delete", { id }, (params) =>
  IntegrationsClient.use(({ tenants }) => tenants.deleteTenant({ params })).pipe(
    Effect.andThen(printDone(`Deleted ${params.id}`)),
    asOperator
  )
).pipe(Command.withDescription("Delete a tenant with all it has; nothing brings it back"))

/** `doi tenants`: the operator's part. */
export const tenants = Command.make("tenants").pipe(
  Command.withDescription("Manage tenants, with the root key"),
  Command.withSubcommands([create, list, recover, remove])
)
