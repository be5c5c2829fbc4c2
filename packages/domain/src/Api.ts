import { HttpApi, OpenApi } from "effect/http-api"
import { ApiKeysApi } from "./Api/ApiKeys.ts"
import { AuditApi } from "./Api/Audit.ts"
import { DeepIntegrationsApi } from "./Api/DeepIntegrations.ts"
import { finished } from "./Api/Document.ts"
import { EventsApi } from "./Api/Events.ts"
import { IntegrationsApi } from "./Api/Integrations.ts"
import { JobsApi } from "./Api/Jobs.ts"
import { Problems } from "./Api/Middleware.ts"
import { SettingsApi } from "./Api/Settings.ts"
import { TenantsApi } from "./Api/Tenants.ts"
import { WebhooksApi } from "./Api/Webhooks.ts"

/** The whole contract: the server is built from it, the typed client is derived from it. */
export class Api extends HttpApi.make("do-integrations")
  .add(
    TenantsApi,
    ApiKeysApi,
    SettingsApi,
    DeepIntegrationsApi,
    IntegrationsApi,
    WebhooksApi,
    EventsApi,
    JobsApi,
    AuditApi
  )
  .middleware(Problems)
  .annotate(OpenApi.Title, "DO Integrations")
  .annotate(OpenApi.Version, "1")
  .annotate(OpenApi.Description, "Connections, credentials and webhooks of the DO platform.")
  .annotate(OpenApi.Transform, finished)
  .annotate(HttpApi.PayloadParseOptions, { onExcessProperty: "error" })
  .annotate(HttpApi.QueryParseOptions, { onExcessProperty: "error" }) {}
