import type { CreatedApiKey } from "@do-integrations/domain/ApiKey"
import { Scope } from "@do-integrations/domain/ApiKey"
import type { Page, PageQuery } from "@do-integrations/domain/Page"
import { NotFound, Unprocessable } from "@do-integrations/domain/Problem"
import type { TenantId } from "@do-integrations/domain/Tenant"
import { Tenant, TenantSettings } from "@do-integrations/domain/Tenant"
import { longestSpanSeconds, RetryPolicy } from "@do-integrations/domain/Webhook/RetryPolicy"
import { Context, DateTime, Duration, Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { ApiKeys } from "./ApiKeys.ts"
import { AuditLog } from "./AuditLog.ts"
import { newTenantId } from "./Ids.ts"
import { afterCursor, fetchLimit, toPage } from "./Sql/Paging.ts"
import { rowsOf } from "./Sql/Rows.ts"
import { UnitOfWork } from "./UnitOfWork.ts"
import { Vault } from "./Vault.ts"

/**
 * The tables whose rows do not go with the tenant's own row. What is not handled goes before its attempts: one that is
 * being settled just now ends first.
 */
const belongings = [
  "events",
  "unhandled",
  "handling_attempts",
  "messages",
  "deliveries",
  "undelivered",
  "attempts",
  "delivery_statistics",
  "audit_log"
]

/** Seconds that a recovery key lasts. */
const recoveryLifetime = 3600

const settingsText = Schema.fromJsonString(TenantSettings)

/** Tenants: made and deleted by the operator, with settings of their own. */
export class Tenants extends Context.Service<
  Tenants,
  {
    /** A tenant with its data key and its first API key. */
    create(name: string): Effect.Effect<{ readonly tenant: Tenant; readonly apiKey: CreatedApiKey }>
    list(query: PageQuery): Effect.Effect<Page<Tenant>>
    /** Deletes the tenant with all it has. Its secrets are unreadable at once, but for backups of its data key. */
    delete(id: TenantId): Effect.Effect<void, NotFound>
    /** A key for a tenant that lost its own: it lasts an hour, and the tenant's audit log shows it. */
    recover(id: TenantId): Effect.Effect<CreatedApiKey, NotFound>
    settings(id: TenantId): Effect.Effect<TenantSettings>
    /** The settings, locked until the caller's transaction ends: what they limit is counted one at a time. */
    lockSettings(id: TenantId): Effect.Effect<TenantSettings>
    /** Refuses to keep deliveries and messages for less time than a webhook retries them. */
    updateSettings(
      id: TenantId,
      actor: string,
      patch: Partial<TenantSettings>
    ): Effect.Effect<TenantSettings, Unprocessable>
  }
>()("@do-integrations/server/Tenants") {
  static readonly layer = Layer.effect(
    Tenants,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const apiKeys = yield* ApiKeys
      const audit = yield* AuditLog
      const unit = yield* UnitOfWork
      const vault = yield* Vault
      const tenants = rowsOf(Tenant)
      const policyRows = rowsOf(Schema.Struct({ retry: Schema.fromJsonString(RetryPolicy) }))
      const settingsRows = rowsOf(Schema.Struct({ settings: settingsText }))
      const encodeSettings = Schema.encodeEffect(settingsText)

      // Of attempts at messages only the messages have an index that leads to a tenant.
      const ofTenant = (table: string, id: TenantId) =>
        table === "handling_attempts"
          ? sql`tenant_id = ${id} AND message_id IN (SELECT id FROM messages WHERE tenant_id = ${id})`
          : sql`tenant_id = ${id}`

      const create = Effect.fn("Tenants.create")(
        function* (name: string) {
          const id = yield* newTenantId
          const now = yield* DateTime.now
          const settings = yield* encodeSettings(TenantSettings.defaults)
          yield* sql`
          INSERT INTO tenants (id, name, settings, created_at)
          VALUES (${id}, ${name}, ${settings}, ${DateTime.toDateUtc(now)})`
          yield* vault.createKey(id)
          yield* audit.record({
            tenantId: id,
            actor: "root",
            action: "tenant.created",
            target: id,
            details: { name }
          })
          const apiKey = yield* apiKeys.issue(
            { tenantId: id, actor: "root" },
            { name: "First key", scopes: Scope.literals }
          )
          return { tenant: new Tenant({ id, name, createdAt: now }), apiKey }
        },
        unit.commit,
        Effect.orDie
      )

      const list = Effect.fn("Tenants.list")(function* (query: PageQuery) {
        const rows = yield* sql`
          SELECT id, name, created_at FROM tenants
          WHERE true ${afterCursor(sql, query)}
          ORDER BY id DESC LIMIT ${fetchLimit(query)}`
        return toPage(query, yield* tenants(rows), (tenant) => tenant.id)
      }, Effect.orDie)

      const remove = Effect.fn("Tenants.delete")(function* (id: TenantId) {
        yield* apiKeys.revokeAll(id)
        const deleted = yield* sql`DELETE FROM tenants WHERE id = ${id} RETURNING id`.pipe(Effect.orDie)
        if (deleted.length === 0) return yield* new NotFound()
        yield* vault.destroyKeys(id)
        yield* Effect.forEach(
          belongings,
          (table) => sql`DELETE FROM ${sql(table)} WHERE ${ofTenant(table, id)}`,
          {
            discard: true
          }
        ).pipe(Effect.orDie)
      }, unit.commit)

      const recover = Effect.fn("Tenants.recover")(function* (id: TenantId) {
        const found = yield* sql`SELECT id FROM tenants WHERE id = ${id} FOR KEY SHARE`.pipe(Effect.orDie)
        if (found.length === 0) return yield* new NotFound()
        yield* audit.record({ tenantId: id, actor: "root", action: "tenant.recovery_key_issued", target: id })
        return yield* apiKeys.issue(
          { tenantId: id, actor: "root", recovery: true },
          { name: "Recovery key", scopes: Scope.literals, expiresIn: recoveryLifetime }
        )
      }, unit.commit)

      const settings = Effect.fn("Tenants.settings")(function* (id: TenantId) {
        const [row] = yield* settingsRows(yield* sql`SELECT settings FROM tenants WHERE id = ${id}`)
        return row?.settings ?? TenantSettings.defaults
      }, Effect.orDie)

      const lockSettings = Effect.fnUntraced(function* (id: TenantId) {
        yield* sql`SELECT FROM tenants WHERE id = ${id} FOR NO KEY UPDATE`
        return yield* settings(id)
      }, Effect.orDie)

      const checkRetention = Effect.fnUntraced(function* (id: TenantId, updated: TenantSettings) {
        const { defaultRetry, retentionDays } = updated
        const policies = yield* sql`
          SELECT retry FROM outbound_webhooks WHERE tenant_id = ${id}
          UNION SELECT retry FROM inbound_webhooks WHERE tenant_id = ${id}`.pipe(
          Effect.flatMap(policyRows),
          Effect.orDie
        )
        const all = [
          ...policies.map(({ retry }) => retry),
          ...(defaultRetry === undefined ? [] : [defaultRetry])
        ]
        const longest = Math.max(0, ...all.map(longestSpanSeconds))
        if (longest <= Duration.toSeconds(Duration.days(retentionDays))) return
        const message = `Webhooks retry for up to ${Math.ceil(longest / 86_400)} days`
        return yield* new Unprocessable({ errors: [{ path: ["payload", "retentionDays"], message }] })
      })

      const updateSettings = Effect.fn("Tenants.updateSettings")(function* (
        id: TenantId,
        actor: string,
        patch: Partial<TenantSettings>
      ) {
        const updated = new TenantSettings({ ...(yield* lockSettings(id)), ...patch })
        if ("retentionDays" in patch || "defaultRetry" in patch) yield* checkRetention(id, updated)
        const settings = yield* Effect.orDie(encodeSettings(updated))
        yield* Effect.orDie(sql`UPDATE tenants SET settings = ${settings} WHERE id = ${id}`)
        yield* audit.record({
          tenantId: id,
          actor,
          action: "settings.updated",
          target: id,
          details: { changed: Object.keys(patch) }
        })
        return updated
      }, unit.commit)

      return Tenants.of({ create, list, delete: remove, recover, settings, lockSettings, updateSettings })
    })
  )
}
