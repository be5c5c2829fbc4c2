import { Api } from "@do-integrations/domain/Api"
import { Caller } from "@do-integrations/domain/ApiKey"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { ApiKeys } from "../ApiKeys.ts"

/** API keys. */
export const layer = HttpApiBuilder.group(
  Api,
  "apiKeys",
  Effect.fnUntraced(function* (handlers) {
    const service = yield* ApiKeys
    return handlers.handleAll({
      createApiKey: ({ payload }) => Caller.use((caller) => service.create(caller, payload)),
      listApiKeys: ({ query }) => Caller.use((caller) => service.list(caller, query)),
      revokeApiKey: ({ params }) => Caller.use((caller) => service.revoke(caller, params.id))
    })
  })
)
