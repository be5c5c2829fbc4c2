import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { CreatedApiKey } from "../ApiKey.ts"
import { described } from "../Described.ts"
import { Page, PageQuery } from "../Page.ts"
import { NotFound } from "../Problem.ts"
import { Tenant, TenantId } from "../Tenant.ts"
import { RootAuthorization } from "./Middleware.ts"

/** A new tenant and its first API key, which may do everything. */
export const CreatedTenant = Schema.Struct({
  tenant: Tenant.pipe(described("The tenant.")),
  apiKey: CreatedApiKey.pipe(described("Its first API key, which may do everything: shown only here."))
}).annotate({ identifier: "CreatedTenant" })

/** The operator's part: tenants come and go by the root key. */
export class TenantsApi extends HttpApiGroup.make("tenants")
  .add(
    HttpApiEndpoint.post("createTenant", "/", {
      payload: Schema.Struct({ name: Tenant.fields.name }).annotate({
        identifier: "NewTenant",
        examples: [{ name: "Acme" }]
      }),
      success: CreatedTenant.pipe(HttpApiSchema.status(201))
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Create a tenant",
        description: "Creates a tenant with its first API key, which is shown only in this answer."
      })
    ),
    HttpApiEndpoint.get("listTenants", "/", { query: PageQuery, success: Page(Tenant) }).annotateMerge(
      OpenApi.annotations({ summary: "List tenants", description: "Every tenant, newest first." })
    ),
    HttpApiEndpoint.delete("deleteTenant", "/:id", {
      params: { id: TenantId },
      error: NotFound
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Delete a tenant",
        description:
          "Deletes the tenant with all it has, its data key first. Its secrets can still be read from a backup that holds the data key, by whoever has the master key."
      })
    ),
    HttpApiEndpoint.post("recoverTenant", "/:id/recovery-key", {
      params: { id: TenantId },
      success: CreatedApiKey.pipe(HttpApiSchema.status(201)),
      error: NotFound
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Recover a tenant's access",
        description:
          "Issues a key that lasts an hour and may do everything, for a tenant that lost its own. Audited."
      })
    )
  )
  .middleware(RootAuthorization)
  .prefix("/v1/tenants")
  .annotate(OpenApi.Description, "The operator's part: tenants come and go by the root key.") {}
