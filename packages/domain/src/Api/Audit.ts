import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { AuditEntry, AuditVerification } from "../Audit.ts"
import { Page, PageQuery } from "../Page.ts"
import { Authorization, RequiredScope, TenantWide } from "./Middleware.ts"

/** Who did what: the audit log and a check of its hash chain. */
export class AuditApi extends HttpApiGroup.make("audit")
  .add(
    HttpApiEndpoint.get("listAudit", "/", { query: PageQuery, success: Page(AuditEntry) }).annotateMerge(
      OpenApi.annotations({
        summary: "List the audit log",
        description: "What was done by whom, newest first."
      })
    ),
    HttpApiEndpoint.get("verifyAudit", "/verify", { success: AuditVerification }).annotateMerge(
      OpenApi.annotations({
        summary: "Verify the audit log",
        description: "Recomputes the chain from its first entry and says where it breaks, if it does."
      })
    )
  )
  .annotateEndpoints(RequiredScope, "audit:read")
  .annotateEndpoints(TenantWide, true)
  .middleware(Authorization)
  .prefix("/v1/audit")
  .annotate(OpenApi.Description, "Who did what: the audit log and a check of its hash chain.") {}
