import { Struct } from "effect"
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { Unprocessable } from "../Problem.ts"
import { TenantSettings } from "../Tenant.ts"
import { Authorization, RequiredScope, TenantWide } from "./Middleware.ts"

/** What of the settings changes; what is left out stays. */
export const SettingsPatch = Schema.Struct(Struct.map(TenantSettings.fields, Schema.optionalKey)).annotate({
  identifier: "SettingsPatch"
})

/** What a tenant decides for itself. */
export class SettingsApi extends HttpApiGroup.make("settings")
  .add(
    HttpApiEndpoint.get("getSettings", "/", { success: TenantSettings }).annotateMerge(
      OpenApi.annotations({ summary: "Get the settings", description: "The settings as they are." })
    ),
    HttpApiEndpoint.patch("updateSettings", "/", {
      payload: SettingsPatch,
      success: TenantSettings,
      error: Unprocessable
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Update the settings",
        description:
          "Changes the settings that are given; the others stay. What is kept may not go before a webhook's last " +
          "attempt to deliver it."
      })
    )
  )
  .annotateEndpoints(RequiredScope, "keys:admin")
  .annotateEndpoints(TenantWide, true)
  .middleware(Authorization)
  .prefix("/v1/settings")
  .annotate(OpenApi.Description, "What a tenant decides for itself.") {}
