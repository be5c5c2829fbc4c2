import {
  ApiKey,
  ApiKeyId,
  type Identity,
  CreatedApiKey,
  type NewApiKey,
  Scope
} from "@do-integrations/domain/ApiKey"
import type { Page, PageQuery } from "@do-integrations/domain/Page"
import { Forbidden, NotFound } from "@do-integrations/domain/Problem"
import { CustomerId, TenantId } from "@do-integrations/domain/Tenant"
import { Cache, Context, DateTime, Effect, Layer, Redacted, Schedule, Schema } from "effect"
import { Digest, SecureRandom } from "effect/crypto"
import { Base64Url, Hex } from "effect/encoding"
import { SqlClient } from "effect/sql"
import { AuditLog } from "./AuditLog.ts"
import { newApiKeyId } from "./Ids.ts"
import { afterCursor, fetchLimit, toPage } from "./Sql/Paging.ts"
import { rowsOf } from "./Sql/Rows.ts"
import { visibleTo } from "./Sql/Visible.ts"
import { UnitOfWork } from "./UnitOfWork.ts"
import * as Column from "./Sql/Column.ts"

/** How long a node trusts what it knows of a key: a key revoked on another node may work this long. */
const trustedFor = "2 seconds"

/** How often a stream asks whether its key still holds. */
const recheck = "5 seconds"

/** What every API key looks like; nothing else is looked for. */
const pattern = /^doi_[A-Za-z0-9_-]{43}$/

/** Keys that a node remembers at a time. */
const remembered = 10_000

const utf8 = new TextEncoder()

const Authenticated = Schema.Struct({
  keyId: ApiKeyId,
  tenantId: TenantId,
  scopes: Schema.Array(Scope),
  customerId: Schema.optionalKey(CustomerId),
  expiresAt: Schema.optionalKey(Schema.DateTimeUtcFromString)
})

/** Whose key is made, and by whom. */
interface Maker {
  readonly tenantId: TenantId
  readonly actor: string
  /** The key is for a tenant that lost its own: it ends soon, and the keys that it makes need not. */
  readonly recovery?: boolean
}

/** API keys: made, listed and revoked by their tenant, and recognised at every request. */
export class ApiKeys extends Context.Service<
  ApiKeys,
  {
    /** Who holds this secret, or nobody when it is unknown, revoked or expired. */
    authenticate(secret: Redacted.Redacted): Effect.Effect<Identity | undefined>
    /** Makes a key in a transaction of the caller's or its own. */
    issue(maker: Maker, key: NewApiKey): Effect.Effect<CreatedApiKey>
    /** Makes a key with no more rights than the caller has, nor for longer. */
    create(caller: Identity, key: NewApiKey): Effect.Effect<CreatedApiKey, Forbidden>
    /** Newest first; a caller that is confined to a customer sees that customer's. */
    list(caller: Identity, query: PageQuery): Effect.Effect<Page<ApiKey>>
    /** Ends a key: at once on this node, within two seconds on others. */
    revoke(caller: Identity, id: ApiKeyId): Effect.Effect<void, NotFound>
    /** Returns once a key was revoked or has expired, for whatever goes on after its request. */
    ended(id: ApiKeyId): Effect.Effect<void>
    /** Ends every key of a tenant, in the transaction that deletes it. */
    revokeAll(tenantId: TenantId): Effect.Effect<void>
  }
>()("@do-integrations/server/ApiKeys") {
  static readonly layer = Layer.effect(
    ApiKeys,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const audit = yield* AuditLog
      const unit = yield* UnitOfWork
      const random = yield* SecureRandom.SecureRandom
      const digest = yield* Digest.Digest
      const keys = rowsOf(ApiKey)
      const authenticated = rowsOf(Authenticated)
      const hashes = rowsOf(Schema.Struct({ hash: Schema.Uint8Array }))

      const hashOf = (secret: string) => digest.digest(Digest.sha256, utf8.encode(secret))

      const holder = ({ customerId, expiresAt, keyId, scopes, tenantId }: typeof Authenticated.Type) => ({
        expiresAt,
        identity: { keyId, tenantId, customerId, scopes: new Set(scopes) } satisfies Identity
      })

      const known = yield* Cache.make({
        capacity: remembered,
        timeToLive: trustedFor,
        lookup: Effect.fnUntraced(function* (hash: string) {
          const rows = yield* sql`
            WITH used AS (
              UPDATE api_keys SET last_used_at = now()
              WHERE hash = decode(${hash}, 'hex') AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute'))
            SELECT id AS key_id, tenant_id, scopes, customer_id, expires_at FROM api_keys
            WHERE hash = decode(${hash}, 'hex')`
          return (yield* authenticated(rows)).map(holder)[0]
        }, Effect.orDie)
      })

      const forget = ({ hash }: { readonly hash: Uint8Array }) => Cache.invalidate(known, Hex.encode(hash))

      // Without a span, which would cost more than the rest of it does at every request.
      const authenticate = Effect.fnUntraced(function* (secret: Redacted.Redacted) {
        const text = Redacted.value(secret)
        if (!pattern.test(text)) return undefined
        const found = yield* Cache.get(known, yield* digest.digestHex(Digest.sha256, utf8.encode(text)))
        const expired = found?.expiresAt !== undefined && (yield* DateTime.isPast(found.expiresAt))
        return expired ? undefined : found?.identity
      })

      const issue = Effect.fn("ApiKeys.issue")(
        function* ({ actor, recovery = false, tenantId }: Maker, key: NewApiKey) {
          const secret = `doi_${Base64Url.encode(yield* random.randomBytes(32))}`
          const id = yield* newApiKeyId
          const now = yield* DateTime.now
          const expiresAt =
            key.expiresIn === undefined ? undefined : DateTime.add(now, { seconds: key.expiresIn })
          yield* sql`
          INSERT INTO api_keys (id, tenant_id, name, hash, scopes, customer_id, expires_at, recovery, created_at)
          VALUES (${id}, ${tenantId}, ${key.name}, ${yield* hashOf(secret)}, ${Column.text(key.scopes)},
            ${key.customerId ?? null}, ${expiresAt === undefined ? null : DateTime.toDateUtc(expiresAt)},
            ${recovery}, ${DateTime.toDateUtc(now)})`
          yield* audit.record({
            tenantId,
            actor,
            action: "api_key.created",
            target: id,
            details: { name: key.name, scopes: key.scopes }
          })
          const { expiresIn: _, ...rest } = key
          return new CreatedApiKey({
            id,
            ...rest,
            ...(expiresAt === undefined ? {} : { expiresAt }),
            createdAt: now,
            secret: Redacted.make(secret)
          })
        },
        unit.commit,
        Effect.orDie
      )

      const outlives = Effect.fnUntraced(function* (maker: ApiKeyId, { expiresIn }: NewApiKey) {
        const found = yield* sql`
          SELECT id FROM api_keys WHERE id = ${maker} AND NOT recovery
            AND expires_at < now() + coalesce(make_interval(secs => ${expiresIn ?? null}::int), interval '1000 years')`
        return found.length > 0
      }, Effect.orDie)

      const live = (id: ApiKeyId) =>
        sql`SELECT id FROM api_keys WHERE id = ${id} AND (expires_at IS NULL OR expires_at > now())`.pipe(
          Effect.map((rows) => rows.length > 0),
          Effect.orDie
        )

      const ended = Effect.fn("ApiKeys.ended")((id: ApiKeyId) =>
        Effect.asVoid(
          Effect.repeat(live(id), { schedule: Schedule.spaced(recheck), while: (stillLive) => stillLive })
        )
      )

      const create = Effect.fn("ApiKeys.create")(function* (caller: Identity, key: NewApiKey) {
        const excess = key.scopes.find((scope) => !caller.scopes.has(scope))
        if (excess !== undefined) {
          return yield* new Forbidden({ detail: "A key cannot give more than it has", requiredScope: excess })
        }
        if (caller.customerId !== undefined && caller.customerId !== key.customerId) {
          return yield* new Forbidden({
            detail: "A key confined to a customer makes only keys confined to it"
          })
        }
        if (yield* outlives(caller.keyId, key)) {
          return yield* new Forbidden({ detail: "A key that expires makes only keys that expire no later" })
        }
        return yield* issue({ tenantId: caller.tenantId, actor: caller.keyId }, key)
      })

      const list = Effect.fn("ApiKeys.list")(function* (caller: Identity, query: PageQuery) {
        const rows = yield* sql`
          SELECT id, name, scopes, customer_id, expires_at, last_used_at, created_at FROM api_keys
          WHERE ${visibleTo(sql, caller)} ${afterCursor(sql, query)}
          ORDER BY id DESC LIMIT ${fetchLimit(query)}`
        return toPage(query, yield* keys(rows), (key) => key.id)
      }, Effect.orDie)

      const revoke = Effect.fn("ApiKeys.revoke")(function* (caller: Identity, id: ApiKeyId) {
        const [row] = yield* sql`
          DELETE FROM api_keys WHERE id = ${id} AND ${visibleTo(sql, caller)} RETURNING hash`.pipe(
          Effect.flatMap(hashes),
          Effect.orDie
        )
        if (row === undefined) return yield* new NotFound()
        yield* audit.record({
          tenantId: caller.tenantId,
          actor: caller.keyId,
          action: "api_key.revoked",
          target: id
        })
        yield* sql.afterCommit(forget(row))
      }, unit.commit)

      const revokeAll = Effect.fn("ApiKeys.revokeAll")(function* (tenantId: TenantId) {
        const rows = yield* sql`
          DELETE FROM api_keys WHERE tenant_id = ${tenantId} RETURNING hash`.pipe(Effect.flatMap(hashes))
        yield* sql.afterCommit(Effect.forEach(rows, forget, { discard: true }))
      }, Effect.orDie)

      return ApiKeys.of({ authenticate, issue, create, list, revoke, ended, revokeAll })
    })
  )
}
