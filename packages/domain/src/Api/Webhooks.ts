import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { described } from "../Described.ts"
import { Page, PageQuery } from "../Page.ts"
import { InboundWebhook } from "../Webhook/Inbound.ts"
import { OutboundWebhook } from "../Webhook/Outbound.ts"
import { CustomerQuery } from "./CustomerQuery.ts"
import { Authorization, RequiredScope } from "./Middleware.ts"
import { deliveryEndpoints } from "./Webhooks/Deliveries.ts"
import { inboundEndpoints } from "./Webhooks/Inbound.ts"
import { messageEndpoints } from "./Webhooks/Messages.ts"
import { outboundEndpoints } from "./Webhooks/Outbound.ts"

/** An inbound or an outbound webhook, told apart by `direction`. */
export const AnyWebhook = Schema.Union([
  Schema.Struct({
    direction: Schema.tag("inbound").pipe(described("It takes messages from outside.")),
    webhook: InboundWebhook.pipe(described("The inbound webhook."))
  }),
  Schema.Struct({
    direction: Schema.tag("outbound").pipe(described("Events are delivered to it.")),
    webhook: OutboundWebhook.pipe(described("The outbound webhook."))
  })
]).annotate({ identifier: "AnyWebhook" })

/** Addresses that take webhooks, and addresses that events are delivered to. */
export class WebhooksApi extends HttpApiGroup.make("webhooks")
  .add(
    ...inboundEndpoints,
    ...messageEndpoints,
    ...outboundEndpoints,
    ...deliveryEndpoints,
    HttpApiEndpoint.get("listWebhooks", "/webhooks", {
      query: {
        ...PageQuery,
        ...CustomerQuery,
        direction: Schema.optionalKey(Schema.Literals(["inbound", "outbound"])).pipe(described("Only these."))
      },
      success: Page(AnyWebhook)
    })
      .annotateMerge(
        OpenApi.annotations({
          summary: "List webhooks",
          description: "Inbound and outbound webhooks, newest first."
        })
      )
      .annotate(RequiredScope, "webhooks:read")
  )
  .middleware(Authorization)
  .prefix("/v1")
  .annotate(
    OpenApi.Description,
    "Addresses that take webhooks, and addresses that events are delivered to."
  ) {}
