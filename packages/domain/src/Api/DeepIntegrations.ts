import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { ConnectStep, DeepIntegration, DeepIntegrationSettings } from "../DeepIntegration.ts"
import { described } from "../Described.ts"
import { DeepIntegrationType } from "../Integration.ts"
import { Conflict, IllegalTransition, ProviderNotConfigured, Unprocessable, Unavailable } from "../Problem.ts"
import { Authorization, RequiredScope, TenantWide } from "./Middleware.ts"

const params = { type: DeepIntegrationType.pipe(described("The vendor.")) }
const moves = [IllegalTransition, Conflict]

/** The four vendors with typed operations: one integration of each, through one lifecycle. */
export class DeepIntegrationsApi extends HttpApiGroup.make("deepIntegrations")
  .add(
    HttpApiEndpoint.get("listDeepIntegrations", "/", { success: Schema.Array(DeepIntegration) })
      .annotate(RequiredScope, "integrations:read")
      .annotateMerge(
        OpenApi.annotations({
          summary: "List deep integrations",
          description: "All four with their status, whether configured or not."
        })
      ),
    HttpApiEndpoint.get("getDeepIntegration", "/:type", { params, success: DeepIntegration })
      .annotateMerge(
        OpenApi.annotations({
          summary: "Get a deep integration",
          description: "One of the four with its status and configuration."
        })
      )
      .annotate(RequiredScope, "integrations:read"),
    HttpApiEndpoint.patch("configureDeepIntegration", "/:type", {
      params,
      payload: DeepIntegrationSettings,
      success: DeepIntegration,
      error: [Unprocessable, ...moves]
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "Configure a deep integration",
          description: "Changes the settings that are given. What the vendor proves is read-only."
        })
      )
      .annotate(RequiredScope, "integrations:write"),
    HttpApiEndpoint.delete("disconnectDeepIntegration", "/:type", {
      params,
      success: DeepIntegration,
      error: moves
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "Disconnect a deep integration",
          description: "Ends the connection and forgets its credentials."
        })
      )
      .annotate(RequiredScope, "integrations:write"),
    HttpApiEndpoint.post("connectDeepIntegration", "/:type/connect", {
      params,
      success: ConnectStep,
      error: [ProviderNotConfigured, Unavailable, ...moves]
    })
      .annotate(RequiredScope, "integrations:write")
      .annotateMerge(
        OpenApi.annotations({
          summary: "Connect a deep integration",
          description: "Answers the next step: an address that the user visits, or done."
        })
      ),
    HttpApiEndpoint.post("reconnectDeepIntegration", "/:type/reconnect", {
      params,
      success: ConnectStep,
      error: [ProviderNotConfigured, Unavailable, ...moves]
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "Reconnect a deep integration",
          description:
            "Goes on with the stored credentials when they hold; else answers where the user consents again."
        })
      )
      .annotate(RequiredScope, "integrations:write"),
    HttpApiEndpoint.post("suspendDeepIntegration", "/:type/suspend", {
      params,
      success: DeepIntegration,
      error: moves
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "Suspend a deep integration",
          description: "Stops every operation until it is resumed or reconnected."
        })
      )
      .annotate(RequiredScope, "integrations:write"),
    HttpApiEndpoint.post("resumeDeepIntegration", "/:type/resume", {
      params,
      success: DeepIntegration,
      error: [ProviderNotConfigured, Unavailable, ...moves]
    })
      .annotate(RequiredScope, "integrations:write")
      .annotateMerge(
        OpenApi.annotations({
          summary: "Resume a deep integration",
          description: "Goes on after the stored credentials were verified with the vendor."
        })
      )
  )
  .annotateEndpoints(TenantWide, true)
  .middleware(Authorization)
  .prefix("/v1/deep-integrations")
  .annotate(
    OpenApi.Description,
    "Stripe, WorkOS, GitHub and Cloudflare: one of each, through one lifecycle."
  ) {}
