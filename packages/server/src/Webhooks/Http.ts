import { Api } from "@do-integrations/domain/Api"
import { Caller } from "@do-integrations/domain/ApiKey"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { InboundWebhooks } from "../InboundWebhooks.ts"
import { OutboundWebhooks } from "../OutboundWebhooks.ts"
import { Webhooks } from "../Webhooks.ts"

/** Webhooks of both directions, their deliveries and messages. */
export const layer = HttpApiBuilder.group(
  Api,
  "webhooks",
  Effect.fnUntraced(function* (handlers) {
    const inbound = yield* InboundWebhooks
    const outbound = yield* OutboundWebhooks
    const webhooks = yield* Webhooks
    return handlers.handleAll({
      createInboundWebhook: ({ payload }) => Caller.use((caller) => inbound.create(caller, payload)),
      getInboundWebhook: ({ params }) => Caller.use((caller) => inbound.get(caller, params.id)),
      updateInboundWebhook: ({ params, payload }) =>
        Caller.use((caller) => inbound.update(caller, params.id, payload)),
      removeInboundWebhook: ({ params }) => Caller.use((caller) => inbound.remove(caller, params.id)),
      createOutboundWebhook: ({ payload }) => Caller.use((caller) => outbound.create(caller, payload)),
      getOutboundWebhook: ({ params }) => Caller.use((caller) => outbound.get(caller, params.id)),
      updateOutboundWebhook: ({ params, payload }) =>
        Caller.use((caller) => outbound.update(caller, params.id, payload)),
      removeOutboundWebhook: ({ params }) => Caller.use((caller) => outbound.remove(caller, params.id)),
      listWebhooks: ({ query }) => Caller.use((caller) => webhooks.list(caller, query)),
      listDeliveries: ({ query }) => Caller.use((caller) => outbound.deliveries(caller, query)),
      getDelivery: ({ params }) => Caller.use((caller) => outbound.delivery(caller, params.id)),
      listMessages: ({ query }) => Caller.use((caller) => inbound.messages(caller, query)),
      getMessage: ({ params }) => Caller.use((caller) => inbound.message(caller, params.id))
    })
  })
)
