import { Bytes, Context, Effect, Layer, type Redacted, Schema } from "effect"
import { Digest } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { type ClaimedRequest, type KeyedRequest, lifetime } from "./IdempotencyKeys/KeyedRequest.ts"
import { makeReferences, type ReferencedRequest } from "./IdempotencyKeys/References.ts"
import { rowsOf } from "./Sql/Rows.ts"
import { Vault } from "./Vault.ts"

const utf8 = new TextEncoder()

/** SHA-256 of what two requests must share to be the same one. */
export const fingerprintOf = (parts: ReadonlyArray<string>) =>
  Digest.Digest.use((digest) => digest.digest(Digest.sha256, utf8.encode(JSON.stringify(parts))))

/** What an `Idempotency-Key` means for the request that carries it. */
export type Claim =
  /** It is new: the request is to be carried out. */
  | { readonly _tag: "Fresh"; readonly claimed: ClaimedRequest }
  /** The same request was answered with this. */
  | { readonly _tag: "Answered"; readonly answer: Redacted.Redacted }
  /** The same request is being carried out. */
  | { readonly _tag: "Running" }
  /** The same request was carried out, and the process died before its answer was kept. */
  | { readonly _tag: "AnswerLost" }
  /** Another request has this key. */
  | { readonly _tag: "Taken" }

/** How long a request may run before a repetition takes over, unless it was carried out by then. */
const lease = "60 seconds"

const Held = Schema.Struct({
  fingerprint: Schema.Uint8Array,
  state: Schema.Literals(["running", "committed", "answered"]),
  answer: Schema.optionalKey(Schema.Uint8Array)
})

/** The requests of the last day that carried an `Idempotency-Key`, and their sealed answers. */
export class IdempotencyKeys extends Context.Service<
  IdempotencyKeys,
  {
    /** Claims the key of a request for a minute, or says what became of the request before. */
    claim(request: KeyedRequest): Effect.Effect<Claim>
    /**
     * Notes, in the transaction of the change itself, that the request was carried out. Dies, and the change
     * with it, when a repetition has taken over meanwhile.
     */
    committed(request: ClaimedRequest): Effect.Effect<void>
    /** Keeps the answer, sealed: it may hold a one-time secret. */
    answer(request: ClaimedRequest, answer: Redacted.Redacted): Effect.Effect<void>
    /** Gives the key free again, after a request that was not carried out. */
    release(request: ClaimedRequest): Effect.Effect<void>
    /**
     * Claims keys in the caller's transaction, each answered with its request's reference. Returns the references
     * of those that are new; of several requests with one key, the first is.
     */
    claimAll(requests: ReadonlyArray<ReferencedRequest>): Effect.Effect<ReadonlySet<string>>
    /**
     * By the reference of each request whose key was claimed before, the one that answers it. None where the key
     * belongs to another request.
     */
    earlier(requests: ReadonlyArray<ReferencedRequest>): Effect.Effect<ReadonlyMap<string, string>>
  }
>()("@do-integrations/server/IdempotencyKeys") {
  static readonly layer = Layer.effect(
    IdempotencyKeys,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const vault = yield* Vault
      const references = yield* makeReferences
      const heldRows = rowsOf(Held)
      const claims = rowsOf(Schema.Struct({ claim: Schema.String }))

      const address = ({ key, tenantId }: KeyedRequest) =>
        ({ tenantId, table: "idempotency_keys", row: key, field: "answer" }) as const
      const held = ({ key, tenantId }: KeyedRequest) => sql`tenant_id = ${tenantId} AND key = ${key}`
      const mine = (request: ClaimedRequest) =>
        sql`${held(request)} AND locked_until = ${request.claim}::timestamptz`

      const claim = Effect.fn("IdempotencyKeys.claim")(function* (request: KeyedRequest) {
        const { fingerprint, key, tenantId } = request
        const [claimed] = yield* sql`
          INSERT INTO idempotency_keys (tenant_id, key, fingerprint, state, locked_until, expires_at)
          VALUES (${tenantId}, ${key}, ${fingerprint}, 'running',
            now() + ${lease}::interval, now() + ${lifetime}::interval)
          ON CONFLICT (tenant_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, state = 'running',
            answer = NULL, locked_until = excluded.locked_until, expires_at = excluded.expires_at
          WHERE idempotency_keys.expires_at < now()
            OR (idempotency_keys.state = 'running' AND idempotency_keys.locked_until < now()
              AND idempotency_keys.fingerprint = excluded.fingerprint)
          RETURNING locked_until::text AS claim`.pipe(Effect.flatMap(claims))
        if (claimed !== undefined) {
          return { _tag: "Fresh", claimed: { ...request, claim: claimed.claim } } as const
        }
        const [row] = yield* heldRows(
          yield* sql`SELECT fingerprint, state, answer FROM idempotency_keys WHERE ${held(request)}`
        )
        if (row === undefined) return { _tag: "Running" } as const
        if (!Bytes.Equivalence(row.fingerprint, fingerprint)) return { _tag: "Taken" } as const
        if (row.answer === undefined) {
          return { _tag: row.state === "running" ? "Running" : "AnswerLost" } as const
        }
        return { _tag: "Answered", answer: yield* vault.open(address(request), row.answer) } as const
      }, Effect.orDie)

      const committed = Effect.fnUntraced(function* (request: ClaimedRequest) {
        const noted = yield* sql`
          UPDATE idempotency_keys SET state = 'committed' WHERE ${mine(request)} RETURNING key`
        if (noted.length === 0) return yield* Effect.die(new Error("A repetition of this request took over"))
      }, Effect.orDie)

      const answer = Effect.fn("IdempotencyKeys.answer")(function* (
        request: ClaimedRequest,
        content: Redacted.Redacted
      ) {
        const sealed = yield* vault.seal(address(request), content)
        yield* sql`UPDATE idempotency_keys SET state = 'answered', answer = ${sealed} WHERE ${mine(request)}`
      }, Effect.orDie)

      const release = (request: ClaimedRequest) =>
        sql`DELETE FROM idempotency_keys WHERE ${mine(request)} AND state = 'running'`.pipe(
          Effect.asVoid,
          Effect.orDie
        )

      return IdempotencyKeys.of({ claim, committed, answer, release, ...references })
    })
  )
}
