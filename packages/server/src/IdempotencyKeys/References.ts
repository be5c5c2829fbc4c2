import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as Column from "../Sql/Column.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { type KeyedRequest, lifetime } from "./KeyedRequest.ts"

/** A request whose whole answer follows from the id of what it makes. That is no secret, and kept as it is. */
export interface ReferencedRequest extends KeyedRequest {
  readonly reference: string
}

const Claimed = Schema.Struct({ reference: Schema.String })
const Earlier = Schema.Struct({ reference: Schema.String, earlier: Schema.String })

/** Many keys at a time, answered in the transaction that claims them: they are never seen running. */
export const makeReferences = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const claimedRows = rowsOf(Claimed)
  const earlierRows = rowsOf(Earlier)

  const table = (requests: ReadonlyArray<ReferencedRequest>) => sql`unnest(
    ${Column.text(requests.map((one) => one.tenantId))}, ${Column.text(requests.map((one) => one.key))},
    ${Column.bytea(requests.map((one) => one.fingerprint))}, ${Column.text(requests.map((one) => one.reference))}
  ) WITH ORDINALITY AS request(tenant_id, key, fingerprint, reference, place)`

  // In the order of the keys: two transactions that met over them in different orders would wait for each other.
  const claimAll = Effect.fn("IdempotencyKeys.claimAll")(function* (
    requests: ReadonlyArray<ReferencedRequest>
  ) {
    if (requests.length === 0) return new Set<string>()
    const claimed = yield* sql`
      INSERT INTO idempotency_keys (tenant_id, key, fingerprint, state, answer, locked_until, expires_at)
      SELECT DISTINCT ON (tenant_id, key) tenant_id, key, fingerprint, 'answered', convert_to(reference, 'UTF8'),
        now(), now() + ${lifetime}::interval
      FROM ${table(requests)} ORDER BY tenant_id, key, place
      ON CONFLICT (tenant_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, state = 'answered',
        answer = excluded.answer, expires_at = excluded.expires_at
      WHERE idempotency_keys.expires_at < now()
      RETURNING convert_from(answer, 'UTF8') AS reference`.pipe(Effect.flatMap(claimedRows))
    return new Set(claimed.map(({ reference }) => reference))
  }, Effect.orDie)

  const earlier = Effect.fn("IdempotencyKeys.earlier")(function* (
    requests: ReadonlyArray<ReferencedRequest>
  ) {
    if (requests.length === 0) return new Map<string, string>()
    const found = yield* sql`
      SELECT request.reference, convert_from(held.answer, 'UTF8') AS earlier
      FROM ${table(requests)} JOIN idempotency_keys AS held USING (tenant_id, key)
      WHERE held.fingerprint = request.fingerprint`.pipe(Effect.flatMap(earlierRows))
    return new Map(found.map(({ earlier, reference }) => [reference, earlier]))
  }, Effect.orDie)

  return { claimAll, earlier }
})
