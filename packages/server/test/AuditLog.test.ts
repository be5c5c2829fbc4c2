import type { TenantId } from "@do-integrations/domain/Tenant"
import { assert, layer } from "@effect/vitest"
import type { AuditVerification } from "@do-integrations/domain/Audit"
import { Context, Data, Duration, Effect, Layer, Random, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { AuditLog } from "../src/AuditLog.ts"
import { newAuditEntryId } from "../src/Ids.ts"
import { eventually } from "./support/Eventually.ts"
import { TestService } from "./support/TestService.ts"

/** Carries a finding out of a transaction that is to be undone. */
class Found extends Data.TaggedError("Found")<{ readonly found: AuditVerification }> {}

/** Another sealer over the same database, as another node has it. */
const another = Effect.map(Layer.build(Layer.fresh(AuditLog.layer)), (context) =>
  Context.get(context, AuditLog)
)

const pause = Effect.flatMap(Random.nextIntBetween(0, 10), (time) => Effect.sleep(Duration.millis(time)))

const Numbers = Schema.decodeUnknownEffect(Schema.Array(Schema.Struct({ number: Schema.NumberFromString })))

/** Writes `count` entries, each in a transaction of its own. */
const write = Effect.fnUntraced(function* (tenantId: TenantId, count: number) {
  const audit = yield* AuditLog
  const sql = yield* SqlClient.SqlClient
  yield* Effect.forEach(
    Array.from({ length: count }, (_, index) => index),
    (index) =>
      Effect.andThen(
        audit.record({ tenantId, actor: "system", action: "thing.done", target: `thing ${index}` }),
        pause
      ).pipe(sql.withTransaction),
    { discard: true }
  )
})

/** A tenant whose chain holds `count` entries: the first is its own creation. */
const sealed = Effect.fnUntraced(function* (count: number) {
  const service = yield* TestService
  const audit = yield* AuditLog
  const { tenant } = yield* service.tenant("Acme")
  const { sealed, unsealed } = yield* eventually(audit.verify(tenant.id), (found) => found.unsealed === 0)
  yield* write(tenant.id, count - sealed - unsealed)
  yield* audit.seal
  yield* eventually(audit.verify(tenant.id), (found) => found.sealed === count)
  return tenant.id
})

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("the audit log", (it) => {
  it.effect("is one chain however many write and seal at once", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const audit = yield* AuditLog
      const sql = yield* SqlClient.SqlClient
      const { tenant } = yield* service.tenant("Acme")
      const before = yield* eventually(audit.verify(tenant.id), ({ unsealed }) => unsealed === 0)
      const sealers = [audit, yield* another, yield* another, yield* another]
      const writing = Effect.replicateEffect(write(tenant.id, 15), 6, {
        concurrency: "unbounded",
        discard: true
      })
      const sealing = Effect.forEach(sealers, ({ seal }) => Effect.forever(Effect.andThen(seal, pause)), {
        concurrency: "unbounded",
        discard: true
      })
      yield* Effect.raceFirst(writing, sealing)
      const after = yield* eventually(audit.verify(tenant.id), ({ unsealed }) => unsealed === 0)
      assert.isTrue(after.intact)
      assert.strictEqual(after.sealed, before.sealed + 90)
      const rows =
        yield* sql`SELECT number::text FROM audit_log WHERE tenant_id = ${tenant.id} ORDER BY audit_log.number`
      assert.deepStrictEqual(
        (yield* Numbers(rows)).map(({ number }) => number),
        Array.from({ length: after.sealed }, (_, index) => index + 1)
      )
    })
  )

  it.effect("tells which entry was changed, removed, moved or added", () =>
    Effect.gen(function* () {
      const audit = yield* AuditLog
      const sql = yield* SqlClient.SqlClient
      const [id, other] = [yield* sealed(6), yield* sealed(2)]
      // No id holds a `u`, so that every change is one.
      const entry = (number: number) => sql`tenant_id = ${id} AND number = ${number}`
      const set = (number: number, change: ReturnType<typeof entry>) =>
        sql`UPDATE audit_log SET ${change} WHERE ${entry(number)}`
      const swap = (one: number, two: number) => sql`
        UPDATE audit_log SET number = ${one} + ${two} - number WHERE tenant_id = ${id} AND number IN (${one}, ${two})`
      const copy = (number: number, as: number) => sql`
        INSERT INTO audit_log (id, tenant_id, actor, action, target, details, at, number, hash)
        SELECT id || 'u', tenant_id, actor, action, target, details, at, ${as}, hash
        FROM audit_log WHERE ${entry(number)}`

      const tamperings: ReadonlyArray<readonly [string, number, Effect.Effect<unknown, SqlError.SqlError>]> =
        [
          ...[1, 2, 3, 4, 5, 6].flatMap((number) => [
            [`actor of ${number}`, number, set(number, sql`actor = 'nobody'`)] as const,
            [`action of ${number}`, number, set(number, sql`action = action || '.'`)] as const,
            [`target of ${number}`, number, set(number, sql`target = 'elsewhere'`)] as const,
            [`details of ${number}`, number, set(number, sql`details = '{"x":1}'`)] as const,
            [`time of ${number}`, number, set(number, sql`at = at + interval '1 millisecond'`)] as const,
            [
              `id of ${number}`,
              number,
              set(number, sql`id = overlay(id PLACING 'u' FROM length(id))`)
            ] as const,
            [
              `hash of ${number}`,
              number,
              set(number, sql`hash = set_byte(hash, 0, 255 - get_byte(hash, 0))`)
            ] as const,
            [`${number} taken out of the chain`, number, set(number, sql`number = NULL`)] as const,
            [`${number} moved to another tenant`, number, set(number, sql`tenant_id = ${other}`)] as const,
            [`${number} removed`, number, sql`DELETE FROM audit_log WHERE ${entry(number)}`] as const
          ]),
          ["tail cut off", 4, sql`DELETE FROM audit_log WHERE tenant_id = ${id} AND number >= 4`],
          ["all removed", 1, sql`DELETE FROM audit_log WHERE tenant_id = ${id}`],
          ["2 and 3 swapped", 2, swap(2, 3)],
          ["1 and 6 swapped", 1, swap(1, 6)],
          ["one more added at the end", 7, copy(6, 7)],
          ["3 doubled", 4, copy(3, 3)],
          ["6 doubled", 7, copy(6, 6)],
          ["head set back", 4, sql`UPDATE audit_heads SET number = 4 WHERE tenant_id = ${id}`],
          [
            "head set back with its hash",
            5,
            sql`UPDATE audit_heads SET number = entry.number, hash = entry.hash
            FROM audit_log AS entry WHERE entry.tenant_id = ${id} AND entry.number = 4
              AND audit_heads.tenant_id = ${id}`
          ],
          [
            "head of another",
            6,
            sql`
          UPDATE audit_heads SET hash = (SELECT hash FROM audit_heads WHERE tenant_id = ${other}) WHERE tenant_id = ${id}`
          ],
          ["head removed", 1, sql`DELETE FROM audit_heads WHERE tenant_id = ${id}`]
        ]
      for (const [what, number, tamper] of tamperings) {
        const found = yield* tamper.pipe(
          Effect.andThen(audit.verify(id)),
          Effect.flatMap((found) => Effect.fail(new Found({ found }))),
          sql.withTransaction,
          Effect.catchTag("Found", ({ found }) => Effect.succeed(found))
        )
        assert.deepStrictEqual([what, found.intact, found.brokenAt], [what, false, number])
      }
      assert.isTrue((yield* audit.verify(id)).intact)
    })
  )

  it.effect("reports what is not sealed yet, and seals what a crash left", () =>
    Effect.gen(function* () {
      const audit = yield* AuditLog
      const sql = yield* SqlClient.SqlClient
      const id = yield* sealed(3)
      const head = (yield* audit.verify(id)).head
      // As when the process dies between the commit of a change and the sealing of its entry.
      const unannounced = Effect.gen(function* () {
        yield* sql`
          INSERT INTO audit_log (id, tenant_id, actor, action, target, details, at)
          VALUES (${yield* newAuditEntryId}, ${id}, 'system', 'thing.done', 'thing', '{}', now())`
      })
      yield* Effect.gen(function* () {
        yield* Effect.replicateEffect(unannounced, 2, { discard: true })
        assert.deepStrictEqual(yield* audit.verify(id), {
          intact: true,
          sealed: 3,
          unsealed: 2,
          ...(head === undefined ? {} : { head })
        })
      }).pipe(sql.withTransaction)
      yield* another
      // A transaction that writes anywhere on the same server holds up sealing until it ends.
      const found = yield* eventually(audit.verify(id), ({ unsealed }) => unsealed === 0, "30 seconds")
      assert.isTrue(found.intact)
      assert.strictEqual(found.sealed, 5)
    })
  )
})
