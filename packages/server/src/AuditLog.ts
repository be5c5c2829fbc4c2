import type { AuditEntry, AuditVerification } from "@do-integrations/domain/Audit"
import { AuditEntry as Entry } from "@do-integrations/domain/Audit"
import type { Page, PageQuery } from "@do-integrations/domain/Page"
import type { TenantId } from "@do-integrations/domain/Tenant"
import { DateTime, Context, Effect, Layer, type Schema } from "effect"
import { SqlClient } from "effect/sql"
import { makeSealer } from "./AuditLog/Sealer.ts"
import { makeVerify } from "./AuditLog/Verify.ts"
import { newAuditEntryId } from "./Ids.ts"
import { afterCursor, fetchLimit, toPage } from "./Sql/Paging.ts"
import { rowsOf } from "./Sql/Rows.ts"
import * as Column from "./Sql/Column.ts"

/** Something to write into the audit log. Never a secret. */
export interface AuditRecord {
  readonly tenantId: TenantId
  /** The id of the API key, `root` or `system`. */
  readonly actor: string
  /** Such as `integration.added`. */
  readonly action: string
  /** The id of what it was done to. */
  readonly target: string
  readonly details?: { readonly [name: string]: Schema.Json }
}

/**
 * Who did what. Entries are written in the transaction of the change itself; a sealer chains them by hash
 * a moment later, so that no change waits for a chain.
 */
export class AuditLog extends Context.Service<
  AuditLog,
  {
    /** Writes entries in the caller's transaction. */
    record(...records: ReadonlyArray<AuditRecord>): Effect.Effect<void>
    /** Newest first. */
    list(tenantId: TenantId, query: PageQuery): Effect.Effect<Page<AuditEntry>>
    /** Recomputes the tenant's chain from its first entry. */
    verify(tenantId: TenantId): Effect.Effect<AuditVerification>
    /** Chains what is not chained yet; runs by itself, too. */
    readonly seal: Effect.Effect<void>
  }
>()("@do-integrations/server/AuditLog") {
  static readonly layer = Layer.effect(
    AuditLog,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const sealer = yield* makeSealer
      const verify = yield* makeVerify
      const entries = rowsOf(Entry)

      const record = Effect.fn("AuditLog.record")(function* (...records: ReadonlyArray<AuditRecord>) {
        const at = yield* DateTime.nowAsDate
        const ids = yield* Effect.forEach(records, () => newAuditEntryId)
        yield* sql`
          INSERT INTO audit_log (id, tenant_id, actor, action, target, details, at)
          SELECT * FROM unnest(
            ${Column.text(ids)}, ${Column.text(records.map((one) => one.tenantId))},
            ${Column.text(records.map((one) => one.actor))}, ${Column.text(records.map((one) => one.action))},
            ${Column.text(records.map((one) => one.target))},
            ${Column.text(records.map((one) => JSON.stringify(one.details ?? {})))},
            ${Column.timestamptz(records.map(() => at))})`
        yield* sql.afterCommit(sealer.wake)
      }, Effect.orDie)

      const list = Effect.fn("AuditLog.list")(function* (tenantId: TenantId, query: PageQuery) {
        const rows = yield* sql`
          SELECT id, actor, action, target, details::json AS details, at, number, encode(hash, 'hex') AS hash
          FROM audit_log
          WHERE tenant_id = ${tenantId} ${afterCursor(sql, query)}
          ORDER BY id DESC LIMIT ${fetchLimit(query)}`
        return toPage(query, yield* entries(rows), (entry) => entry.id)
      }, Effect.orDie)

      return AuditLog.of({ record, list, verify, seal: sealer.seal })
    })
  )
}
