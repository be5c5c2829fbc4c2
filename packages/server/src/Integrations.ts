import type { Identity } from "@do-integrations/domain/ApiKey"
import {
  Integration,
  type IntegrationId,
  type IntegrationPatch,
  type NewIntegration
} from "@do-integrations/domain/Integration"
import type { Page, PageQuery } from "@do-integrations/domain/Page"
import { Conflict, type Forbidden, NotFound, Unprocessable } from "@do-integrations/domain/Problem"
import type { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import { Context, DateTime, Effect, Layer, type Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { AuditLog } from "./AuditLog.ts"
import { customerFor } from "./Customers.ts"
import { checkDestination } from "./Destinations.ts"
import { Egress } from "./Egress.ts"
import { EventLog } from "./EventLog.ts"
import { newIntegrationId } from "./Ids.ts"
import { afterCursor, fetchLimit, toPage } from "./Sql/Paging.ts"
import { assignments } from "./Sql/Patch.ts"
import { rowsOf } from "./Sql/Rows.ts"
import { visibleTo } from "./Sql/Visible.ts"
import { UnitOfWork } from "./UnitOfWork.ts"
import { Vault } from "./Vault.ts"

/** Generic integrations: services reached with an API key, whose credential is sealed as it comes in. */
export class Integrations extends Context.Service<
  Integrations,
  {
    add(caller: Identity, integration: NewIntegration): Effect.Effect<Integration, Forbidden | Unprocessable>
    list(
      caller: Identity,
      query: PageQuery & { readonly customerId?: CustomerId }
    ): Effect.Effect<Page<Integration>>
    get(caller: Identity, id: IntegrationId): Effect.Effect<Integration, NotFound>
    /** Another origin needs the credential again: a stored one never goes to a host it was not given for. */
    update(
      caller: Identity,
      id: IntegrationId,
      patch: IntegrationPatch
    ): Effect.Effect<Integration, NotFound | Conflict | Unprocessable>
    remove(caller: Identity, id: IntegrationId): Effect.Effect<void, NotFound>
  }
>()("@do-integrations/server/Integrations") {
  static readonly layer = Layer.effect(
    Integrations,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const audit = yield* AuditLog
      const egress = yield* Egress
      const events = yield* EventLog
      const unit = yield* UnitOfWork
      const vault = yield* Vault
      const rows = rowsOf(Integration)
      const columns =
        sql.literal(`id, type, name, base_url, placement::json AS placement, customer_id, status,
        connected_at, last_activity_at, error, created_at, updated_at`)

      const seal = (tenantId: TenantId, id: IntegrationId, credential: Redacted.Redacted) =>
        vault
          .seal({ tenantId, table: "integrations", row: id, field: "credential" }, credential)
          .pipe(Effect.orDie)

      const add = Effect.fn("Integrations.add")(function* (caller: Identity, integration: NewIntegration) {
        const { baseUrl, credential, name, placement, type } = integration
        const customerId = yield* customerFor(caller, integration.customerId)
        yield* checkDestination(egress, "baseUrl", baseUrl)
        const { keyId, tenantId } = caller
        const id = yield* newIntegrationId
        const sealed = yield* seal(tenantId, id, credential)
        const now = yield* DateTime.now
        const at = DateTime.toDateUtc(now)
        // There is nobody to ask about an API key, so it is taken at its word: pending_auth lasts no time.
        yield* unit.commit(
          Effect.gen(function* () {
            yield* sql`
              INSERT INTO integrations (id, tenant_id, customer_id, type, name, base_url, placement, credential,
                status, connected_at, created_at, updated_at)
              VALUES (${id}, ${tenantId}, ${customerId ?? null}, ${type}, ${name}, ${baseUrl},
                ${JSON.stringify(placement)}, ${sealed}, 'active', ${at}, ${at}, ${at})`
            yield* audit.record({
              tenantId,
              actor: keyId,
              action: "integration.added",
              target: id,
              details: { name }
            })
            yield* events.record({
              type: "integration:connected",
              data: { integrationType: type },
              tenantId,
              customerId,
              subject: id
            })
          }).pipe(Effect.orDie)
        )
        return new Integration({
          id,
          type,
          name,
          baseUrl,
          placement,
          status: "active",
          connectedAt: now,
          createdAt: now,
          updatedAt: now,
          ...(customerId === undefined ? {} : { customerId })
        })
      })

      const list = Effect.fn("Integrations.list")(function* (
        caller: Identity,
        query: PageQuery & { readonly customerId?: CustomerId }
      ) {
        const found = yield* sql`
          SELECT ${columns} FROM integrations WHERE ${visibleTo(sql, caller, query.customerId)}
            ${afterCursor(sql, query)}
          ORDER BY id DESC LIMIT ${fetchLimit(query)}`
        return toPage(query, yield* rows(found), (integration) => integration.id)
      }, Effect.orDie)

      const get = Effect.fn("Integrations.get")(function* (caller: Identity, id: IntegrationId) {
        const [integration] = yield* sql`
          SELECT ${columns} FROM integrations WHERE id = ${id} AND ${visibleTo(sql, caller)}`.pipe(
          Effect.flatMap(rows),
          Effect.orDie
        )
        return integration ?? (yield* new NotFound())
      })

      const update = Effect.fn("Integrations.update")(function* (
        caller: Identity,
        id: IntegrationId,
        patch: IntegrationPatch
      ) {
        const before = yield* get(caller, id)
        const { baseUrl, credential, name, placement } = patch
        if (baseUrl !== undefined) {
          yield* checkDestination(egress, "baseUrl", baseUrl)
          if (credential === undefined && new URL(baseUrl).origin !== new URL(before.baseUrl).origin) {
            const message = "Another origin needs the credential entered again"
            return yield* new Unprocessable({ errors: [{ path: ["payload", "baseUrl"], message }] })
          }
        }
        const { keyId, tenantId } = caller
        const changes = assignments(sql, {
          name,
          base_url: baseUrl,
          placement: placement === undefined ? undefined : JSON.stringify(placement),
          credential: credential === undefined ? undefined : yield* seal(tenantId, id, credential),
          updated_at: DateTime.toDateUtc(yield* DateTime.now)
        })
        // Compared with the base URL that was checked above, which another request may have changed since.
        const [updated] = yield* unit.commit(
          Effect.gen(function* () {
            const changed = yield* sql`
              UPDATE integrations SET ${changes}
              WHERE id = ${id} AND ${visibleTo(sql, caller)} AND base_url = ${before.baseUrl} RETURNING ${columns}`
            if (changed.length > 0) {
              const details = { changed: Object.keys(patch) }
              yield* audit.record({
                tenantId,
                actor: keyId,
                action: "integration.updated",
                target: id,
                details
              })
            }
            return yield* rows(changed)
          }).pipe(Effect.orDie)
        )
        return updated ?? (yield* new Conflict({ detail: "It was changed meanwhile; read it and try again" }))
      })

      const remove = Effect.fn("Integrations.remove")(function* (caller: Identity, id: IntegrationId) {
        const [removed] = yield* sql`
          DELETE FROM integrations WHERE id = ${id} AND ${visibleTo(sql, caller)} RETURNING ${columns}`.pipe(
          Effect.flatMap(rows),
          Effect.orDie
        )
        if (removed === undefined) return yield* new NotFound()
        const { keyId, tenantId } = caller
        yield* audit.record({ tenantId, actor: keyId, action: "integration.removed", target: id })
        yield* events.record({
          type: "integration:disconnected",
          data: { integrationType: removed.type },
          tenantId,
          customerId: removed.customerId,
          subject: id
        })
      }, unit.commit)

      return Integrations.of({ add, list, get, update, remove })
    })
  )
}
