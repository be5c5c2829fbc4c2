import { TenantId } from "@do-integrations/domain/Tenant"
import { Cache, Effect, Option, Schema } from "effect"
import { SqlClient, SqlSchema } from "effect/sql"
import {
  type DataKey,
  KeyManagement,
  MasterKeyId,
  type UnknownMasterKey,
  type UnwrapRefused
} from "./KeyManagement.ts"
import { SecretBox } from "./SecretBox.ts"
import { NoDataKey } from "./VaultError.ts"

const Row = Schema.Struct({
  tenantId: TenantId,
  version: Schema.Int,
  masterKeyId: MasterKeyId,
  bytes: Schema.Uint8Array
})

/** Why a tenant's data keys are not at hand. */
export type DataKeyError = NoDataKey | UnknownMasterKey | UnwrapRefused

/** A tenant's data keys, unwrapped: the newest seals, all of them open. */
interface TenantKeys {
  readonly current: { readonly version: number; readonly key: DataKey }
  readonly byVersion: ReadonlyMap<number, DataKey>
}

/** The table `data_keys`, and the keys that were lately unwrapped from it. */
export const makeDataKeys = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const keyManagement = yield* KeyManagement
  const secretBox = yield* SecretBox

  const columns = sql`tenant_id AS "tenantId", version, master_key_id AS "masterKeyId", wrapped AS bytes`
  const rowsOf = SqlSchema.findAll({
    Request: TenantId,
    Result: Row,
    execute: (tenantId) =>
      sql`SELECT ${columns} FROM data_keys WHERE tenant_id = ${tenantId} ORDER BY version DESC`
  })
  const rowOfEachMasterKey = SqlSchema.findAll({
    Request: Schema.Void,
    Result: Row,
    execute: () => sql`SELECT DISTINCT ON (master_key_id) ${columns} FROM data_keys ORDER BY master_key_id`
  })

  const unwrapTenant = Effect.fnUntraced(function* (
    tenantId: TenantId
  ): Effect.fn.Return<TenantKeys, DataKeyError> {
    const rows = yield* Effect.orDie(rowsOf(tenantId))
    const keys = yield* Effect.forEach(rows, (row) =>
      Effect.map(keyManagement.unwrap(row, row), (key) => ({ version: row.version, key }))
    )
    const [current] = keys
    if (current === undefined) return yield* new NoDataKey({ tenantId })
    return { current, byVersion: new Map(keys.map(({ key, version }) => [version, key])) }
  })

  const cache = yield* Cache.make({ lookup: unwrapTenant, capacity: 10_000, timeToLive: "5 minutes" })
  let destructions = 0

  /**
   * Reads a tenant's keys from the database. Always on the caller's own fiber: `Cache.get` would let
   * a caller inside a transaction wait for a query of a caller outside, which on the one embedded
   * connection waits for that transaction. Cached only after commit, lest a key outlive its
   * rolled-back row, and not when keys were destroyed meanwhile.
   */
  const reload = Effect.fnUntraced(function* (tenantId: TenantId) {
    const before = destructions
    const keys = yield* unwrapTenant(tenantId)
    yield* sql.afterCommit(
      Effect.suspend(() => (before === destructions ? Cache.set(cache, tenantId, keys) : Effect.void))
    )
    return keys
  })

  const get = Effect.fnUntraced(function* (tenantId: TenantId) {
    const cached = yield* Cache.getSuccess(cache, tenantId)
    return Option.isSome(cached) ? cached.value : yield* reload(tenantId)
  })

  /** The key that seals the tenant's secrets now. */
  const current = (tenantId: TenantId) => Effect.map(get(tenantId), (keys) => keys.current)

  /** One version of the tenant's keys; none when it does not exist. Another node may just have made it. */
  const version = Effect.fnUntraced(function* (tenantId: TenantId, version: number) {
    const key = (yield* get(tenantId)).byVersion.get(version)
    return Option.fromUndefinedOr(key ?? (yield* reload(tenantId)).byVersion.get(version))
  })

  /** Stores the tenant's first data key. */
  const create = Effect.fn("Vault.createKey")(function* (tenantId: TenantId) {
    const owner = { tenantId, version: 1 }
    const { bytes, masterKeyId } = yield* keyManagement.wrap(yield* secretBox.generateKey, owner)
    yield* sql`
      INSERT INTO data_keys (tenant_id, version, wrapped, master_key_id)
      VALUES (${tenantId}, ${owner.version}, ${bytes}, ${masterKeyId})`
  }, Effect.orDie)

  /** Deletes every data key of the tenant; once committed, this process forgets them too. */
  const destroy = Effect.fn("Vault.destroyKeys")(function* (tenantId: TenantId) {
    yield* sql`DELETE FROM data_keys WHERE tenant_id = ${tenantId}`
    yield* sql.afterCommit(
      Effect.suspend(() => {
        destructions++
        return Cache.invalidate(cache, tenantId)
      })
    )
  }, Effect.orDie)

  /** Unwraps one data key of each master key that the table names. */
  const probe = rowOfEachMasterKey().pipe(
    Effect.orDie,
    Effect.flatMap(Effect.forEach((row) => keyManagement.unwrap(row, row), { discard: true }))
  )

  return { current, version, create, destroy, probe }
})
