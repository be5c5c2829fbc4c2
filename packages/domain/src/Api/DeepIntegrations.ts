import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { ConnectStep, DeepIntegration, DeepIntegrationSettings } from "../DeepIntegration.ts"
import { DeepIntegrationType } from "../Integration.ts"
import {
  Conflict,
  IllegalTransition,
  InvalidRequest,
  ProviderNotConfigured,
  Unprocessable,
  Unavailable
} from "../Problem.ts"
import { Authorization, RequiredScope, TenantWide } from "./Middleware.ts"

const params = { type: DeepIntegrationType }
const moves = [IllegalTransition, Conflict]

/** The four vendors with typed operations: one integration of each, through one lifecycle. */
export class DeepIntegrationsApi extends HttpApiGroup.make("deepIntegrations")
  .add(
    HttpApiEndpoint.get("listDeepIntegrations", "/", { success: Schema.Array(DeepIntegration) })
      .annotate(RequiredScope, "integrations:read")
      .annotate(OpenApi.Description, "All four with their status, whether configured or not."),
    HttpApiEndpoint.get("getDeepIntegration", "/:type", { params, success: DeepIntegration })
      .annotate(OpenApi.Description, "One of the four with its status and configuration.")
      .annotate(RequiredScope, "integrations:read"),
    HttpApiEndpoint.patch("configureDeepIntegration", "/:type", {
      params,
      payload: DeepIntegrationSettings,
      success: DeepIntegration,
      error: [InvalidRequest, Unprocessable, ...moves]
    })
      .annotate(
        OpenApi.Description,
        "Changes the settings that are given. What the vendor proves is read-only."
      )
      .annotate(RequiredScope, "integrations:write"),
    HttpApiEndpoint.delete("disconnectDeepIntegration", "/:type", {
      params,
      success: DeepIntegration,
      error: moves
    })
      .annotate(OpenApi.Description, "Ends the connection and forgets its credentials.")
      .annotate(RequiredScope, "integrations:write"),
    HttpApiEndpoint.post("connectDeepIntegration", "/:type/connect", {
      params,
      success: ConnectStep,
      error: [ProviderNotConfigured, Unavailable, ...moves]
    })
      .annotate(RequiredScope, "integrations:write")
      .annotate(OpenApi.Description, "Answers the next step: an address that the user visits, or done."),
    HttpApiEndpoint.post("reconnectDeepIntegration", "/:type/reconnect", {
      params,
      success: ConnectStep,
      error: [ProviderNotConfigured, Unavailable, ...moves]
    })
      .annotate(
        OpenApi.Description,
        "Goes on with the stored credentials when they hold; else answers where the user consents again."
      )
      .annotate(RequiredScope, "integrations:write"),
    HttpApiEndpoint.post("suspendDeepIntegration", "/:type/suspend", {
      params,
      success: DeepIntegration,
      error: moves
    })
      .annotate(OpenApi.Description, "Stops every operation until it is resumed or reconnected.")
      .annotate(RequiredScope, "integrations:write"),
    HttpApiEndpoint.post("resumeDeepIntegration", "/:type/resume", {
      params,
      success: DeepIntegration,
      error: [ProviderNotConfigured, Unavailable, ...moves]
    })
      .annotate(RequiredScope, "integrations:write")
      .annotate(OpenApi.Description, "Goes on after the stored credentials were verified with the vendor.")
  )
  .annotateEndpoints(TenantWide, true)
  .middleware(Authorization)
  .prefix("/v1/deep-integrations")
  .annotate(
    OpenApi.Description,
    "Stripe, WorkOS, GitHub and Cloudflare: one of each, through one lifecycle."
  ) {}
