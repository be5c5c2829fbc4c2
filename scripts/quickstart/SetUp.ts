import { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import type { CreatedInboundWebhook } from "@do-integrations/domain/Webhook/Inbound"
import type { CreatedOutboundWebhook } from "@do-integrations/domain/Webhook/Outbound"
import { Effect, Redacted } from "effect"
import * as GitHub from "./GitHub.ts"
import type { Receiver } from "./Receiver.ts"
import { check, heading } from "./Report.ts"

/** What GitHub signs with. */
export const githubSecret = Redacted.make("It's a Secret to Everybody")

/** A tenant with everything that the main job needs. */
export interface Scene {
  /** Calls with the tenant's first API key. */
  readonly client: IntegrationsClient["Service"]
  readonly inbound: CreatedInboundWebhook
  readonly endpoint: CreatedOutboundWebhook
  readonly events: ReadonlyArray<GitHub.GitHubEvent>
}

/** Makes the tenant, where its events go, an API-key integration and the address that GitHub posts to. */
export const setUp = Effect.fnUntraced(function* (
  service: { readonly url: string; readonly rootKey: Redacted.Redacted },
  receiver: Receiver["Service"]
) {
  yield* heading("Setting up, through the typed client")
  const operator = yield* IntegrationsClient.make({ baseUrl: service.url, apiKey: service.rootKey })
  const { apiKey, tenant } = yield* operator.tenants.createTenant({ payload: { name: "Acme" } })
  yield* check(`tenant ${tenant.id}, created with the root key`, tenant.name === "Acme", tenant)

  const client = yield* IntegrationsClient.make({ baseUrl: service.url, apiKey: apiKey.secret })
  const endpoint = yield* client.webhooks.createOutboundWebhook({
    payload: { url: receiver.url, eventTypes: ["webhook:received", "integration:*"] }
  })
  yield* receiver.trust(endpoint.secret)
  yield* check(
    `outbound endpoint ${endpoint.id} takes ${endpoint.eventTypes.join(", ")}`,
    endpoint.status === "active",
    endpoint
  )

  const integration = yield* client.integrations.addIntegration({
    payload: {
      type: "api_key",
      name: "Billing",
      baseUrl: new URL(receiver.url).origin,
      placement: { in: "bearer" },
      credential: Redacted.make("the billing provider's API key")
    }
  })
  yield* check(
    `API-key integration ${integration.id} is ${integration.status}`,
    integration.status === "active",
    integration
  )

  const inbound = yield* client.webhooks.createInboundWebhook({
    payload: { name: "GitHub", source: "github", scheme: { type: "github" }, secrets: [githubSecret] }
  })
  yield* check(`inbound webhook ${inbound.id} for GitHub`, inbound.enabled, inbound)
  return { client, endpoint, inbound, events: yield* GitHub.events } satisfies Scene
})
