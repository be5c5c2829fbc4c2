import { Api } from "@do-integrations/domain/Api"
import { Caller } from "@do-integrations/domain/ApiKey"
import { Effect } from "effect"
import { HttpEffect, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { replayedHeader } from "../Http/Idempotency.ts"
import { Stopping } from "../Http/Stopping.ts"
import { InboundWebhooks } from "../InboundWebhooks.ts"
import { OutboundWebhooks } from "../OutboundWebhooks.ts"
import { Webhooks } from "../Webhooks.ts"

const markReplayed: HttpEffect.PreResponseHandler = (_, response) =>
  Effect.succeed(HttpServerResponse.setHeaders(response, replayedHeader))

/** Webhooks of both directions, their deliveries and messages. */
export const layer = HttpApiBuilder.group(
  Api,
  "webhooks",
  Effect.fnUntraced(function* (handlers) {
    const inbound = yield* InboundWebhooks
    const outbound = yield* OutboundWebhooks
    const stopping = yield* Stopping
    const webhooks = yield* Webhooks
    return handlers.handleAll({
      createInboundWebhook: ({ payload }) => Caller.use((caller) => inbound.create(caller, payload)),
      getInboundWebhook: ({ params }) => Caller.use((caller) => inbound.get(caller, params.id)),
      updateInboundWebhook: ({ params, payload }) =>
        Caller.use((caller) => inbound.update(caller, params.id, payload)),
      removeInboundWebhook: ({ params }) => Caller.use((caller) => inbound.remove(caller, params.id)),
      getInboundWebhookSecret: ({ params }) => Caller.use((caller) => inbound.secrets(caller, params.id)),
      rotateInboundWebhookSecret: ({ params, payload = {} }) =>
        Caller.use((caller) => inbound.rotateSecret(caller, params.id, payload)),
      replayMessages: ({ params, payload }) =>
        Caller.use((caller) => inbound.replayAll(caller, params.id, payload)),
      listRejections: ({ params }) => Caller.use((caller) => inbound.rejections(caller, params.id)),
      createOutboundWebhook: ({ payload }) => Caller.use((caller) => outbound.create(caller, payload)),
      getOutboundWebhook: ({ params }) => Caller.use((caller) => outbound.get(caller, params.id)),
      updateOutboundWebhook: ({ params, payload }) =>
        Caller.use((caller) => outbound.update(caller, params.id, payload)),
      removeOutboundWebhook: ({ params }) => Caller.use((caller) => outbound.remove(caller, params.id)),
      triggerOutboundWebhook: Effect.fnUntraced(function* ({ headers, params, payload }) {
        const { replayed, result } = yield* outbound.trigger(yield* Caller, params.id, payload, {
          key: headers["idempotency-key"],
          hurry: stopping.await
        })
        if (replayed) yield* HttpEffect.appendPreResponseHandler(markReplayed)
        return result
      }),
      testOutboundWebhook: ({ params }) =>
        Caller.use((caller) => outbound.test(caller, params.id, stopping.await)),
      getOutboundWebhookSecret: ({ params }) => Caller.use((caller) => outbound.secrets(caller, params.id)),
      rotateOutboundWebhookSecret: ({ params, payload = {} }) =>
        Caller.use((caller) => outbound.rotateSecret(caller, params.id, payload)),
      pauseOutboundWebhook: ({ params }) => Caller.use((caller) => outbound.pause(caller, params.id)),
      resumeOutboundWebhook: ({ params, payload = {} }) =>
        Caller.use((caller) => outbound.resume(caller, params.id, payload)),
      recoverOutboundWebhook: ({ params, payload }) =>
        Caller.use((caller) => outbound.recover(caller, params.id, payload)),
      cancelDeliveries: ({ params }) => Caller.use((caller) => outbound.cancelDeliveries(caller, params.id)),
      getOutboundWebhookStatistics: ({ params, query }) =>
        Caller.use((caller) => outbound.statistics(caller, params.id, query)),
      retryDelivery: ({ params }) => Caller.use((caller) => outbound.retryDelivery(caller, params.id)),
      cancelDelivery: ({ params }) => Caller.use((caller) => outbound.cancelDelivery(caller, params.id)),
      listWebhooks: ({ query }) => Caller.use((caller) => webhooks.list(caller, query)),
      listDeliveries: ({ query }) => Caller.use((caller) => outbound.deliveries(caller, query)),
      getDelivery: ({ params }) => Caller.use((caller) => outbound.delivery(caller, params.id)),
      listMessages: ({ query }) => Caller.use((caller) => inbound.messages(caller, query)),
      getMessage: ({ params }) => Caller.use((caller) => inbound.message(caller, params.id)),
      replayMessage: ({ params, payload = {} }) =>
        Caller.use((caller) => inbound.replay(caller, params.id, payload)),
      cancelMessage: ({ params }) => Caller.use((caller) => inbound.cancel(caller, params.id))
    })
  })
)
