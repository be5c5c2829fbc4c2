import type { Identity } from "@do-integrations/domain/ApiKey"
import { EventType } from "@do-integrations/domain/Event"
import type { Page, PageQuery } from "@do-integrations/domain/Page"
import { Conflict, Unprocessable } from "@do-integrations/domain/Problem"
import type { TenantId } from "@do-integrations/domain/Tenant"
import { Cache, Context, DateTime, Effect, Layer, type Schema } from "effect"
import { SqlClient } from "effect/sql"
import { AuditLog } from "../AuditLog.ts"
import { fetchLimit, toPage } from "../Sql/Paging.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { UnitOfWork } from "../UnitOfWork.ts"
import { faults, unsupported } from "./JsonSchema.ts"

/** How long a node trusts what it knows of an event type made on another node. */
const trustedFor = "2 seconds"

/** Event types that a node remembers at a time. */
const remembered = 10_000

type NewEventType = Omit<typeof EventType.Type, "createdAt">

/** The largest JSON Schema of an event type, in characters. */
const maxSchemaLength = 32 * 1024

/** The event types that tenants registered, and the schemas that their events must fit. */
export class EventTypes extends Context.Service<
  EventTypes,
  {
    create(caller: Identity, type: NewEventType): Effect.Effect<EventType, Conflict | Unprocessable>
    list(tenantId: TenantId, query: PageQuery): Effect.Effect<Page<EventType>>
    /** Refuses data that does not fit the type's schema. Types without one take anything. */
    check(tenantId: TenantId, type: string, data: Schema.Json): Effect.Effect<void, Unprocessable>
  }
>()("@do-integrations/server/EventLog/EventTypes") {
  static readonly layer = Layer.effect(
    EventTypes,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const audit = yield* AuditLog
      const unit = yield* UnitOfWork
      const types = rowsOf(EventType)
      const columns = sql.literal("name, description, schema::json AS schema, created_at")

      const known = yield* Cache.make({
        capacity: remembered,
        timeToLive: trustedFor,
        lookup: Effect.fnUntraced(function* (key: string) {
          const [tenantId, name] = key.split(" ", 2)
          const rows = yield* sql`
            SELECT ${columns} FROM event_types WHERE tenant_id = ${tenantId} AND name = ${name}`
          return (yield* types(rows))[0]?.schema
        }, Effect.orDie)
      })

      const insert = Effect.fnUntraced(function* (caller: Identity, type: NewEventType) {
        const now = yield* DateTime.now
        const { tenantId } = caller
        const inserted = yield* sql`
          INSERT INTO event_types (tenant_id, name, description, schema, created_at)
          VALUES (${tenantId}, ${type.name}, ${type.description ?? null},
            ${type.schema === undefined ? null : JSON.stringify(type.schema)}, ${DateTime.toDateUtc(now)})
          ON CONFLICT DO NOTHING RETURNING name`.pipe(Effect.orDie)
        if (inserted.length === 0)
          return yield* new Conflict({ detail: `The event type ${type.name} exists` })
        yield* audit.record({
          tenantId,
          actor: caller.keyId,
          action: "event_type.created",
          target: type.name
        })
        yield* sql.afterCommit(Cache.invalidate(known, `${tenantId} ${type.name}`))
        return new EventType({ ...type, createdAt: now })
      }, unit.commit)

      const create = Effect.fn("EventTypes.create")(function* (caller: Identity, type: NewEventType) {
        if (type.schema !== undefined) {
          const fault = unsupported(type.schema)
          if (fault !== undefined) {
            const path = ["payload", "schema", ...fault.path]
            return yield* new Unprocessable({ errors: [{ path, message: fault.message }] })
          }
          if (JSON.stringify(type.schema).length > maxSchemaLength) {
            return yield* new Unprocessable({ detail: `A schema has at most ${maxSchemaLength} characters` })
          }
        }
        return yield* insert(caller, type)
      })

      const list = Effect.fn("EventTypes.list")(function* (tenantId: TenantId, query: PageQuery) {
        const before = sql`
          AND (created_at, name) < (
            SELECT created_at, name FROM event_types WHERE tenant_id = ${tenantId} AND name = ${query.cursor})`
        const rows = yield* sql`
          SELECT ${columns} FROM event_types
          WHERE tenant_id = ${tenantId} ${query.cursor === undefined ? sql`` : before}
          ORDER BY created_at DESC, name DESC LIMIT ${fetchLimit(query)}`
        return toPage(query, yield* types(rows), (type) => type.name)
      }, Effect.orDie)

      // Without a span, which would cost more than the rest of it does at every event.
      const check = Effect.fnUntraced(function* (tenantId: TenantId, name: string, data: Schema.Json) {
        const schema = yield* Cache.get(known, `${tenantId} ${name}`)
        const errors = schema === undefined ? [] : faults(schema, data)
        if (errors.length > 0) return yield* new Unprocessable({ errors })
      })

      return EventTypes.of({ create, list, check })
    })
  )
}
