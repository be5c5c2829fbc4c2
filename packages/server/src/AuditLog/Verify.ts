import type { AuditVerification } from "@do-integrations/domain/Audit"
import { Bytes, Effect, Schema } from "effect"
import { Digest } from "effect/crypto"
import { Hex } from "effect/encoding"
import { SqlClient } from "effect/sql"
import { rowsOf } from "../Sql/Rows.ts"
import { ChainedEntry, genesis, link } from "./Chain.ts"

/** Entries read at a time, so that a long chain needs little memory. */
const batchSize = 1000

const Sealed = Schema.Struct({ ...ChainedEntry.fields, number: Schema.Int, hash: Schema.Uint8Array })
/** Where the chain says that it ends, and what lies beside it, as of one moment. */
const Extent = Schema.Struct({
  end: Schema.Int,
  head: Schema.optionalKey(Schema.Uint8Array),
  unsealed: Schema.Int,
  /** The first number after the end: an entry that no head vouches for. */
  beyond: Schema.optionalKey(Schema.Int)
})

/** Recomputes a tenant's chain and compares it, entry by entry and at its end. */
export const makeVerify = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const digest = yield* Digest.Digest
  const sealedRows = rowsOf(Sealed)
  const extents = rowsOf(Extent)

  return Effect.fn("AuditLog.verify")(
    function* (tenantId: string) {
      const [extent] = yield* extents(
        yield* sql`
          SELECT coalesce(heads.number, 0) AS end, heads.hash AS head,
            (SELECT count(*) FROM audit_log WHERE tenant_id = ${tenantId} AND number IS NULL) AS unsealed,
            (SELECT min(number) FROM audit_log
              WHERE tenant_id = ${tenantId} AND number > coalesce(heads.number, 0)) AS beyond
          FROM (SELECT 1) AS one LEFT JOIN audit_heads AS heads ON heads.tenant_id = ${tenantId}`
      )
      if (extent === undefined) return yield* Effect.die("One row on the left gives one row")
      const { beyond, end, head, unsealed } = extent
      const found = (brokenAt?: number): AuditVerification => ({
        intact: brokenAt === undefined,
        sealed: end,
        unsealed,
        ...(brokenAt === undefined ? {} : { brokenAt }),
        ...(head === undefined ? {} : { head: Hex.encode(head) })
      })
      let hash: Uint8Array = genesis
      let last = { number: 0, id: "" }
      while (true) {
        // By number and id, so that two entries with one number are both seen.
        const batch = yield* sealedRows(
          yield* sql`
            SELECT id, tenant_id, actor, action, target, details, at, number, hash FROM audit_log
            WHERE tenant_id = ${tenantId} AND (number, id) > (${last.number}, ${last.id}) AND number <= ${end}
            ORDER BY number, id LIMIT ${batchSize}`
        )
        for (const entry of batch) {
          const number = last.number + 1
          hash = yield* link(hash, number, entry)
          if (entry.number !== number || !Bytes.Equivalence(hash, entry.hash)) return found(number)
          last = entry
        }
        if (batch.length < batchSize) break
      }
      if (last.number < end) return found(last.number + 1)
      return head !== undefined && !Bytes.Equivalence(hash, head) ? found(end) : found(beyond)
    },
    Effect.provideService(Digest.Digest, digest),
    Effect.orDie
  )
})
