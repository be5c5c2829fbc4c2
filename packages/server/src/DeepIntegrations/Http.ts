import { Api } from "@do-integrations/domain/Api"
import { Caller } from "@do-integrations/domain/ApiKey"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { DeepIntegrations } from "../DeepIntegrations.ts"

/** Deep integrations. */
export const layer = HttpApiBuilder.group(
  Api,
  "deepIntegrations",
  Effect.fnUntraced(function* (handlers) {
    const service = yield* DeepIntegrations
    return handlers.handleAll({
      listDeepIntegrations: () => Caller.use((caller) => service.list(caller)),
      getDeepIntegration: ({ params }) => Caller.use((caller) => service.get(caller, params.type)),
      configureDeepIntegration: ({ params, payload }) =>
        Caller.use((caller) => service.configure(caller, params.type, payload)),
      disconnectDeepIntegration: ({ params }) =>
        Caller.use((caller) => service.disconnect(caller, params.type)),
      connectDeepIntegration: ({ params }) => Caller.use((caller) => service.connect(caller, params.type)),
      reconnectDeepIntegration: ({ params }) =>
        Caller.use((caller) => service.reconnect(caller, params.type)),
      suspendDeepIntegration: ({ params }) => Caller.use((caller) => service.suspend(caller, params.type)),
      resumeDeepIntegration: ({ params }) => Caller.use((caller) => service.resume(caller, params.type))
    })
  })
)
