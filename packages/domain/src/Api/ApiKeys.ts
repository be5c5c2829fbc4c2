import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { ApiKey, ApiKeyId, CreatedApiKey, NewApiKey } from "../ApiKey.ts"
import { Page, PageQuery } from "../Page.ts"
import { NotFound } from "../Problem.ts"
import { Authorization, Idempotency, IdempotencyHeaders, RequiredScope } from "./Middleware.ts"

/** A tenant's own API keys. */
export class ApiKeysApi extends HttpApiGroup.make("apiKeys")
  .add(
    HttpApiEndpoint.post("createApiKey", "/", {
      headers: IdempotencyHeaders,
      payload: NewApiKey,
      success: CreatedApiKey.pipe(HttpApiSchema.status(201))
    })
      .middleware(Idempotency)
      .annotateMerge(
        OpenApi.annotations({
          summary: "Create an API key",
          description: "Creates a key, shown only in this answer, with at most the caller's own scopes."
        })
      ),
    HttpApiEndpoint.get("listApiKeys", "/", { query: PageQuery, success: Page(ApiKey) }).annotateMerge(
      OpenApi.annotations({
        summary: "List API keys",
        description: "The tenant's keys without their secrets, newest first."
      })
    ),
    HttpApiEndpoint.delete("revokeApiKey", "/:id", {
      params: { id: ApiKeyId },
      error: NotFound
    }).annotateMerge(
      OpenApi.annotations({ summary: "Revoke an API key", description: "Ends a key at once." })
    )
  )
  .annotateEndpoints(RequiredScope, "keys:admin")
  .middleware(Authorization)
  .prefix("/v1/api-keys")
  .annotate(OpenApi.Description, "A tenant's own API keys.") {}
