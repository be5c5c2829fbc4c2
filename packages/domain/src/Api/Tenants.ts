import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { CreatedApiKey } from "../ApiKey.ts"
import { Page, PageQuery } from "../Page.ts"
import { NotFound } from "../Problem.ts"
import { DisplayName, Tenant, TenantId } from "../Tenant.ts"
import { RootAuthorization } from "./Middleware.ts"

/** A new tenant and its first API key, which may do everything. */
export const CreatedTenant = Schema.Struct({ tenant: Tenant, apiKey: CreatedApiKey }).annotate({
  identifier: "CreatedTenant"
})

/** The operator's part: tenants come and go by the root key. */
export class TenantsApi extends HttpApiGroup.make("tenants")
  .add(
    HttpApiEndpoint.post("createTenant", "/", {
      payload: Schema.Struct({ name: DisplayName }).annotate({
        identifier: "NewTenant",
        examples: [{ name: "Acme" }]
      }),
      success: CreatedTenant.pipe(HttpApiSchema.status(201))
    }).annotate(
      OpenApi.Description,
      "Creates a tenant with its first API key, which is shown only in this answer."
    ),
    HttpApiEndpoint.get("listTenants", "/", { query: PageQuery, success: Page(Tenant) }).annotate(
      OpenApi.Description,
      "Every tenant, newest first."
    ),
    HttpApiEndpoint.delete("deleteTenant", "/:id", { params: { id: TenantId }, error: NotFound }).annotate(
      OpenApi.Description,
      "Deletes the tenant with all it has and destroys its data key, so that no copy of its secrets can be read."
    ),
    HttpApiEndpoint.post("recoverTenant", "/:id/recovery-key", {
      params: { id: TenantId },
      success: CreatedApiKey.pipe(HttpApiSchema.status(201)),
      error: NotFound
    }).annotate(
      OpenApi.Description,
      "Issues a key that lasts an hour and may do everything, for a tenant that lost its own. Audited."
    )
  )
  .middleware(RootAuthorization)
  .prefix("/v1/tenants")
  .annotate(OpenApi.Description, "The operator's part: tenants come and go by the root key.") {}
