import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Integration, IntegrationId, IntegrationPatch, NewIntegration } from "../Integration.ts"
import { Page, PageQuery } from "../Page.ts"
import { Conflict, NotFound, Unprocessable } from "../Problem.ts"
import { CustomerQuery } from "./CustomerQuery.ts"
import { Authorization, Idempotency, IdempotencyHeaders, RequiredScope } from "./Middleware.ts"

/** Generic integrations: any service that is reached with an API key. */
export class IntegrationsApi extends HttpApiGroup.make("integrations")
  .add(
    HttpApiEndpoint.post("addIntegration", "/", {
      headers: IdempotencyHeaders,
      payload: NewIntegration,
      success: Integration.pipe(HttpApiSchema.status(201))
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "Add an integration",
          description: "Adds a service. The credential is sealed at once and never shown again."
        })
      )
      .middleware(Idempotency)
      .annotate(RequiredScope, "integrations:write"),
    HttpApiEndpoint.get("listIntegrations", "/", {
      query: { ...PageQuery, ...CustomerQuery },
      success: Page(Integration)
    })
      .annotateMerge(
        OpenApi.annotations({ summary: "List integrations", description: "The integrations, newest first." })
      )
      .annotate(RequiredScope, "integrations:read"),
    HttpApiEndpoint.get("getIntegration", "/:id", {
      params: { id: IntegrationId },
      success: Integration,
      error: NotFound
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "Get an integration",
          description: "One integration with its status."
        })
      )
      .annotate(RequiredScope, "integrations:read"),
    HttpApiEndpoint.patch("updateIntegration", "/:id", {
      params: { id: IntegrationId },
      payload: IntegrationPatch,
      success: Integration,
      error: [NotFound, Conflict, Unprocessable]
    })
      .annotate(RequiredScope, "integrations:write")
      .annotateMerge(
        OpenApi.annotations({
          summary: "Update an integration",
          description: "A base URL on another origin needs the credential entered again."
        })
      ),
    HttpApiEndpoint.delete("removeIntegration", "/:id", {
      params: { id: IntegrationId },
      error: NotFound
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "Remove an integration",
          description: "Removes the integration and its credential."
        })
      )
      .annotate(RequiredScope, "integrations:write")
  )
  .middleware(Authorization)
  .prefix("/v1/integrations")
  .annotate(OpenApi.Description, "Any service that is reached with an API key.") {}
