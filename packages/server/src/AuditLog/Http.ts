import { Api } from "@do-integrations/domain/Api"
import { Caller } from "@do-integrations/domain/ApiKey"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { AuditLog } from "../AuditLog.ts"

/** The audit log. */
export const layer = HttpApiBuilder.group(
  Api,
  "audit",
  Effect.fnUntraced(function* (handlers) {
    const service = yield* AuditLog
    return handlers.handleAll({
      listAudit: ({ query }) => Caller.use(({ tenantId }) => service.list(tenantId, query)),
      verifyAudit: () => Caller.use(({ tenantId }) => service.verify(tenantId))
    })
  })
)
