import { Api } from "@do-integrations/domain/Api"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Tenants } from "../Tenants.ts"

/** Tenants, for the operator. */
export const layer = HttpApiBuilder.group(
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
