import { Api } from "@do-integrations/domain/Api"
import { Caller } from "@do-integrations/domain/ApiKey"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Integrations } from "../Integrations.ts"

/** Generic integrations. */
export const layer = HttpApiBuilder.group(
  Api,
  "integrations",
  Effect.fnUntraced(function* (handlers) {
    const service = yield* Integrations
    return handlers.handleAll({
      addIntegration: ({ payload }) => Caller.use((caller) => service.add(caller, payload)),
      listIntegrations: ({ query }) => Caller.use((caller) => service.list(caller, query)),
      getIntegration: ({ params }) => Caller.use((caller) => service.get(caller, params.id)),
      updateIntegration: ({ params, payload }) =>
        Caller.use((caller) => service.update(caller, params.id, payload)),
      removeIntegration: ({ params }) => Caller.use((caller) => service.remove(caller, params.id))
    })
  })
)
