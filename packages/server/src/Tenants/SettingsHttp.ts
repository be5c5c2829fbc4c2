import { Api } from "@do-integrations/domain/Api"
import { Caller } from "@do-integrations/domain/ApiKey"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Tenants } from "../Tenants.ts"

/** A tenant's own settings. */
export const layer = HttpApiBuilder.group(
  Api,
  "settings",
  Effect.fnUntraced(function* (handlers) {
    const service = yield* Tenants
    return handlers.handleAll({
      getSettings: () => Caller.use(({ tenantId }) => service.settings(tenantId)),
      updateSettings: ({ payload }) =>
        Caller.use(({ keyId, tenantId }) => service.updateSettings(tenantId, keyId, payload))
    })
  })
)
