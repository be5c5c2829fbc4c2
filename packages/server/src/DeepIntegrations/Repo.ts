import { configurations, DeepIntegration } from "@do-integrations/domain/DeepIntegration"
import { DeepIntegrationType } from "@do-integrations/domain/Integration"
import type { Status } from "@do-integrations/domain/Lifecycle"
import { Conflict } from "@do-integrations/domain/Problem"
import type { TenantId } from "@do-integrations/domain/Tenant"
import { DateTime, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { rowsOf } from "../Sql/Rows.ts"

type Json = { readonly [field: string]: Schema.Json }

/** An integration's row as it should be next. */
export interface Change {
  /** The status that the change was decided on: another one by now is a lost race. */
  readonly from: Status
  readonly to: Status
  /** Replaces the configuration's fields that are given. */
  readonly fields?: Json
  readonly sealed?: Uint8Array | undefined
  readonly error?: string | undefined
}

const Configuration = Schema.Struct({
  configuration: Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json))
})

const encodeInitial = (type: DeepIntegrationType) =>
  Effect.orDie(Schema.encodeUnknownEffect(configurations[type].whole)(configurations[type].initial))

/** The table of deep integrations. A row exists only once something was set. */
export const makeRepo = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = rowsOf(DeepIntegration)
  const configurationRows = rowsOf(Configuration)
  const columns = sql.literal(`type, status, configuration::json AS configuration, connected_at,
    last_activity_at, error, updated_at`)

  /** All four, those without a row as they are before anything is set. */
  const findAll = Effect.fnUntraced(function* (tenantId: TenantId) {
    const found = yield* sql`SELECT ${columns} FROM deep_integrations WHERE tenant_id = ${tenantId}`
    const present = new Map((yield* rows(found)).map((integration) => [integration.type, integration]))
    const absent = yield* Effect.forEach(DeepIntegrationType.literals, (type) =>
      Effect.map(encodeInitial(type), (configuration) => ({ type, status: "not_configured", configuration }))
    )
    return (yield* rows(absent)).map((integration) => present.get(integration.type) ?? integration)
  }, Effect.orDie)

  const find = Effect.fnUntraced(function* (tenantId: TenantId, type: DeepIntegrationType) {
    const integration = (yield* findAll(tenantId)).find((one) => one.type === type)
    return integration ?? (yield* Effect.die(new Error(`No deep integration ${type}`)))
  })

  /** Locks the row, which is made if there is none, and answers with its configuration. */
  const lock = Effect.fnUntraced(function* (tenantId: TenantId, type: DeepIntegrationType, start: string) {
    yield* sql`
      INSERT INTO deep_integrations (tenant_id, type, status, configuration)
      VALUES (${tenantId}, ${type}, 'not_configured', ${start}) ON CONFLICT DO NOTHING`
    const [row] = yield* sql`
      SELECT configuration FROM deep_integrations WHERE tenant_id = ${tenantId} AND type = ${type} FOR UPDATE`.pipe(
      Effect.flatMap(configurationRows)
    )
    return row?.configuration ?? {}
  }, Effect.orDie)

  /** Compares the status and sets the row, in the caller's transaction. */
  const change = Effect.fnUntraced(function* (tenantId: TenantId, type: DeepIntegrationType, change: Change) {
    const { error, fields, from, sealed, to } = change
    const start = JSON.stringify(yield* encodeInitial(type))
    const before = yield* lock(tenantId, type, start)
    const now = yield* DateTime.nowAsDate
    const forgotten = to === "not_configured"
    const activated = to === "active" && from !== "active"
    const [changed] = yield* sql`
      UPDATE deep_integrations SET status = ${to}, updated_at = ${now},
        error = ${from === to ? sql`error` : (error ?? null)},
        configuration = ${forgotten ? start : JSON.stringify({ ...before, ...fields })},
        sealed = ${forgotten ? null : sql`coalesce(${sealed ?? null}, sealed)`},
        connected_at = ${forgotten ? null : activated ? now : sql`connected_at`},
        last_activity_at = ${forgotten ? null : activated ? now : sql`last_activity_at`}
      WHERE tenant_id = ${tenantId} AND type = ${type} AND status = ${from} RETURNING ${columns}`.pipe(
      Effect.flatMap(rows),
      Effect.orDie
    )
    return changed ?? (yield* new Conflict({ detail: "Its status changed meanwhile; read it and try again" }))
  })

  return { findAll, find, change }
})
