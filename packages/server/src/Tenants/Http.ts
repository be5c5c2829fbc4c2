import { Api } from "@do-integrations/domain/Api"
import { Caller } from "@do-integrations/domain/ApiKey"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { ApiKeys } from "../ApiKeys.ts"
import { Tenants } from "../Tenants.ts"

const tenants = HttpApiBuilder.group(
  Api,
  "tenants",
  Effect.fnUntraced(function* (handlers) {
    const service = yield* Tenants
    return handlers.handleAll({
      createTenant: ({ payload }) => service.create(payload.name),
      listTenants: ({ query }) => service.list(query),
      deleteTenant: ({ params }) => service.delete(params.id),
      recoverTenant: ({ params }) => service.recover(params.id)
    })
  })
)

const apiKeys = HttpApiBuilder.group(
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

const settings = HttpApiBuilder.group(
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

/** Tenants, their API keys and their settings. */
export const layer = Layer.mergeAll(tenants, apiKeys, settings)
