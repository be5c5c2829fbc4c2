import { Effect, Queue, Schedule, Schema } from "effect"
import { Digest } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { rowsOf } from "../Sql/Rows.ts"
import { ChainedEntry, genesis, link } from "./Chain.ts"
import * as Column from "../Sql/Column.ts"

/** Entries that one transaction chains. */
const batchSize = 500

/** How often entries are looked for that nobody announced, as after a crash. */
export const sweepSchedule = Schedule.spaced("5 seconds")

const Head = Schema.Struct({ number: Schema.Int, hash: Schema.Uint8Array })
const Tenant = Schema.Struct({ tenantId: Schema.String })

/**
 * Chains entries by hash in the order of their commits. The lock on the tenant's head makes it the only
 * sealer of that tenant, on whichever node it runs.
 */
export const makeSealer = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const digest = yield* Digest.Digest
  const heads = rowsOf(Head)
  const tenants = rowsOf(Tenant)
  const pending = rowsOf(ChainedEntry)

  const sealBatch = Effect.fnUntraced(function* (tenantId: string) {
    yield* sql`
      INSERT INTO audit_heads (tenant_id, number, hash)
      SELECT id, 0, ${genesis} FROM tenants WHERE id = ${tenantId} ON CONFLICT DO NOTHING`
    const [head] = yield* heads(
      yield* sql`SELECT number, hash FROM audit_heads WHERE tenant_id = ${tenantId} FOR UPDATE SKIP LOCKED`
    )
    if (head === undefined) return 0
    const entries = yield* pending(
      yield* sql`
        SELECT id, tenant_id, actor, action, target, details, at FROM audit_log
        WHERE tenant_id = ${tenantId} AND number IS NULL AND xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY xid, sequence LIMIT ${batchSize}`
    )
    if (entries.length === 0) return 0
    let hash = head.hash
    const hashes: Array<Uint8Array> = []
    for (const [index, entry] of entries.entries()) {
      hash = yield* link(hash, head.number + index + 1, entry)
      hashes.push(hash)
    }
    yield* sql`
      UPDATE audit_log SET number = chained.number, hash = chained.hash
      FROM unnest(
        ${Column.text(entries.map((entry) => entry.id))},
        ${Column.bigint(entries.map((_, index) => BigInt(head.number + index + 1)))},
        ${Column.bytea(hashes)}) AS chained(id, number, hash)
      WHERE audit_log.id = chained.id`
    yield* sql`
      UPDATE audit_heads SET number = ${head.number + entries.length}, hash = ${hash} WHERE tenant_id = ${tenantId}`
    return entries.length
  }, sql.withTransaction)

  const seal = Effect.gen(function* () {
    const waiting = yield* tenants(
      yield* sql`SELECT DISTINCT tenant_id FROM audit_log WHERE number IS NULL AND tenant_id IN (SELECT id FROM tenants)`
    )
    yield* Effect.forEach(
      waiting,
      ({ tenantId }) => Effect.repeat(sealBatch(tenantId), { while: (sealed) => sealed === batchSize }),
      { discard: true }
    )
  }).pipe(Effect.provideService(Digest.Digest, digest), Effect.orDie, Effect.withSpan("AuditLog.seal"))

  // A full queue already holds a wake-up that will see the new entry.
  const wakeUps = yield* Queue.sliding<void>(1)
  yield* Queue.take(wakeUps).pipe(
    Effect.andThen(seal),
    Effect.catchCause((cause) => Effect.logError("Sealing the audit log failed; it is tried again", cause)),
    Effect.forever,
    Effect.forkScoped
  )
  yield* Queue.offer(wakeUps, undefined).pipe(Effect.repeat(sweepSchedule), Effect.forkScoped)

  return { seal, wake: Effect.asVoid(Queue.offer(wakeUps, undefined)) }
})
