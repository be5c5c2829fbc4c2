import type { AuditVerification } from "@do-integrations/domain/Audit"
import { Effect, Schema } from "effect"
import { Digest } from "effect/crypto"
import { Hex } from "effect/encoding"
import { SqlClient } from "effect/sql"
import { rowsOf } from "../Sql/Rows.ts"
import { ChainedEntry, genesis, link } from "./Chain.ts"

/** Entries read at a time, so that a long chain needs little memory. */
const batchSize = 1000

const Sealed = Schema.Struct({ ...ChainedEntry.fields, number: Schema.Int, hash: Schema.Uint8Array })
const Head = Schema.Struct({ number: Schema.Int, hash: Schema.Uint8Array })
const Count = Schema.Struct({ count: Schema.Int })

const equal = (a: Uint8Array, b: Uint8Array) =>
  a.length === b.length && a.every((byte, index) => byte === b[index])

/** Recomputes a tenant's chain and compares it, entry by entry and at its end. */
export const makeVerify = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const digest = yield* Digest.Digest
  const sealedRows = rowsOf(Sealed)
  const heads = rowsOf(Head)
  const counts = rowsOf(Count)

  return Effect.fn("AuditLog.verify")(
    function* (tenantId: string) {
      const [head] = yield* heads(
        yield* sql`SELECT number, hash FROM audit_heads WHERE tenant_id = ${tenantId}`
      )
      const [unsealed] = yield* counts(
        yield* sql`SELECT count(*) AS count FROM audit_log WHERE tenant_id = ${tenantId} AND number IS NULL`
      )
      const end = head?.number ?? 0
      const found = (brokenAt?: number): AuditVerification => ({
        intact: brokenAt === undefined,
        sealed: end,
        unsealed: unsealed?.count ?? 0,
        ...(brokenAt === undefined ? {} : { brokenAt }),
        ...(head === undefined ? {} : { head: Hex.encode(head.hash) })
      })
      let hash: Uint8Array = genesis
      for (let number = 0; number < end;) {
        const batch = yield* sealedRows(
          yield* sql`
            SELECT id, tenant_id, actor, action, target, details, at, number, hash FROM audit_log
            WHERE tenant_id = ${tenantId} AND number > ${number} AND number <= ${end}
            ORDER BY number LIMIT ${batchSize}`
        )
        if (batch.length === 0) return found(number + 1)
        for (const entry of batch) {
          number++
          hash = yield* link(hash, number, entry)
          if (entry.number !== number || !equal(hash, entry.hash)) return found(number)
        }
      }
      return head !== undefined && !equal(hash, head.hash) ? found(end) : found()
    },
    Effect.provideService(Digest.Digest, digest),
    Effect.orDie
  )
})
