import type { Identity } from "@do-integrations/domain/ApiKey"
import type { TenantId } from "@do-integrations/domain/Tenant"
import type { Rejections as Rejected } from "@do-integrations/domain/Webhook/Inbound/Rejection"
import { assert, layer } from "@effect/vitest"
import { DateTime, Effect, Layer, Logger, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { newApiKeyId, newInboundWebhookId, newTenantId } from "../src/Ids.ts"
import { Rejections } from "../src/InboundWebhooks/Rejections.ts"
import { tidy } from "../src/Retention.ts"
import { idAt } from "../src/Sql/Partitions.ts"
import { eventually } from "./support/Eventually.ts"
import { SetClock } from "./support/SetClock.ts"
import * as TestDatabase from "./support/TestDatabase.ts"

const day = 86_400_000

/** A webhook of a tenant, or of the platform where none is given. */
const webhookOf = Effect.fnUntraced(function* (tenantId: TenantId | null) {
  const sql = yield* SqlClient.SqlClient
  const id = yield* newInboundWebhookId
  yield* sql`
    INSERT INTO inbound_webhooks (id, tenant_id, token_hash, name, scheme, secrets)
    VALUES (${id}, ${tenantId}, ${Buffer.from(id)}, 'Sender', '{"type":"none"}', ${new Uint8Array()})`
  return id
})

const newTenant = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const tenantId = yield* newTenantId
  yield* sql`INSERT INTO tenants (id, name, settings) VALUES (${tenantId}, 'a', '{"retentionDays":30}')`
  const caller: Identity = { keyId: yield* newApiKeyId, tenantId, scopes: new Set(), customerId: undefined }
  return { tenantId, caller }
})

/** Runs with the refusals of a node that stops afterwards. */
const onNode = <A, E, R>(use: (rejections: Rejections["Service"]) => Effect.Effect<A, E, R>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const built = yield* Layer.buildWithScope(Layer.fresh(Rejections.layer), yield* Scope.Scope)
      return yield* Effect.provideContext(Effect.flatMap(Rejections, use), built)
    })
  )

const plain = (all: ReadonlyArray<Rejected>) =>
  all.map(({ count, hour, lastAt, reason }) => [
    DateTime.formatIso(hour).slice(0, 13),
    reason,
    count,
    DateTime.formatIso(lastAt).slice(14, 19)
  ])

const services = TestDatabase.layer.pipe(Layer.provideMerge(SetClock.layer))

layer(services, { excludeTestServices: true, timeout: "60 seconds" })("refusals", (it) => {
  it.effect("are counted by webhook, hour and reason, over all nodes", () =>
    Effect.gen(function* () {
      const clock = yield* SetClock
      const { caller, tenantId } = yield* newTenant
      const { caller: stranger } = yield* newTenant
      const [one, two] = [yield* webhookOf(tenantId), yield* webhookOf(tenantId)]
      const count = (rejections: Rejections["Service"], time: string, times: number) =>
        Effect.sync(() => {
          for (let n = 0; n < times; n++) rejections.count(one, "signature")
          rejections.count(one, "method")
          rejections.count(two, "rate_limit")
        }).pipe(clock.at(Date.parse(time)))
      const both = yield* onNode((first) =>
        onNode((second) =>
          Effect.all([
            count(first, "2026-02-03T10:59:59Z", 3),
            count(second, "2026-02-03T11:00:00Z", 100_000),
            count(first, "2026-02-03T11:20:00Z", 4),
            count(second, "2026-02-03T11:10:00Z", 1)
          ])
        )
      )
      assert.lengthOf(both, 4)
      yield* onNode((rejections) =>
        Effect.gen(function* () {
          const now = clock.at(Date.parse("2026-02-03T12:00:00Z"))
          assert.deepStrictEqual(plain(yield* now(rejections.list(caller, one))), [
            ["2026-02-03T11", "method", 3, "20:00"],
            ["2026-02-03T11", "signature", 100_005, "20:00"],
            ["2026-02-03T10", "method", 1, "59:59"],
            ["2026-02-03T10", "signature", 3, "59:59"]
          ])
          assert.deepStrictEqual(plain(yield* now(rejections.list(caller, two))), [
            ["2026-02-03T11", "rate_limit", 3, "20:00"],
            ["2026-02-03T10", "rate_limit", 1, "59:59"]
          ])
          const later = clock.at(Date.parse("2026-03-05T10:30:00Z"))
          assert.lengthOf(yield* later(rejections.list(caller, one)), 2)
          assert.strictEqual((yield* Effect.flip(rejections.list(stranger, one)))._tag, "NotFound")
        })
      )
    })
  )

  const warnings: Array<string> = []

  it.effect(
    "are written while the node runs, once the database takes them, and without those of removed webhooks",
    () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const { caller, tenantId } = yield* newTenant
        const [kept, removed] = [yield* webhookOf(tenantId), yield* webhookOf(tenantId)]
        yield* onNode((rejections) =>
          Effect.gen(function* () {
            rejections.count(kept, "too_slow")
            rejections.count(removed, "too_slow")
            yield* sql`DELETE FROM inbound_webhooks WHERE id = ${removed}`
            const first = yield* eventually(rejections.list(caller, kept), ({ length }) => length > 0)
            assert.strictEqual(first[0]?.count, 1)
            yield* sql`ALTER TABLE inbound_rejections RENAME COLUMN count TO counted`
            rejections.count(kept, "too_slow")
            rejections.count(kept, "too_large")
            yield* eventually(
              Effect.sync(() => warnings.length),
              (count) => count > 0
            )
            rejections.count(kept, "too_slow")
            yield* sql`ALTER TABLE inbound_rejections RENAME COLUMN counted TO count`
            const all = yield* eventually(
              rejections.list(caller, kept),
              (counted) => counted.reduce((sum, { count }) => sum + count, 0) === 4
            )
            assert.deepStrictEqual(
              all.map(({ count, reason }) => [reason, count]),
              [
                ["too_large", 1],
                ["too_slow", 3]
              ]
            )
          })
        )
        assert.lengthOf(yield* sql`SELECT FROM inbound_rejections WHERE webhook_id = ${removed}`, 0)
        assert.include(warnings[0], "Refusals could not be written")
      }).pipe(
        Effect.provide(Logger.layer([Logger.make(({ message }) => void warnings.push(String(message)))]))
      )
  )

  it.effect("go after 32 days, and messages to the platform after 30, with their handlings", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { tenantId } = yield* newTenant
      const [tenants, platforms] = [yield* webhookOf(tenantId), yield* webhookOf(null)]
      const ago = (days: number) => new Date(Date.now() - days * day)
      for (const days of [31, 33]) {
        yield* sql`
          INSERT INTO inbound_rejections (webhook_id, hour, reason, count, last_at)
          VALUES (${tenants}, ${ago(days)}, 'method', ${days}, now())`
      }
      const message = Effect.fnUntraced(function* (days: number, due: Date | null, tenant: TenantId | null) {
        const id = idAt("msg", ago(days).getTime()).slice(0, -1) + String(due === null ? 0 : 1)
        yield* sql`
          INSERT INTO messages (id, tenant_id, webhook_id, verified, headers, body)
          VALUES (${id}, ${tenant}, ${platforms}, true, '{}', ${new Uint8Array()})`
        yield* sql`
          INSERT INTO unhandled (webhook_id, message_id, route, tenant_id, state, round_at, due_at)
          VALUES (${platforms}, ${id}, 'provider', ${tenant}, 'pending', now(), ${due})`
        yield* sql`
          INSERT INTO handling_attempts (message_id, route, number, tenant_id, at, duration_ms)
          VALUES (${id}, 'provider', 1, ${tenant}, now(), 1), (${id}, 'provider', 2, ${tenant}, now(), 1)`
        return id
      })
      yield* message(31, null, null)
      const kept = [
        yield* message(29, null, null),
        yield* message(31, new Date(), null),
        yield* message(28, null, tenantId)
      ].toSorted()
      yield* tidy
      const left = yield* sql<{ count: bigint }>`
        SELECT count FROM inbound_rejections WHERE webhook_id = ${tenants}`
      assert.deepStrictEqual(
        left.map(({ count }) => Number(count)),
        [31]
      )
      for (const [table, key] of [
        ["messages", "id"],
        ["unhandled", "message_id"],
        ["handling_attempts", "message_id"]
      ] as const) {
        const rows = yield* sql<{ id: string }>`
          SELECT DISTINCT ${sql(key)} AS id FROM ${sql(table)} WHERE ${sql(key)} = ANY(${kept}) OR tenant_id IS NULL ORDER BY 1`
        assert.deepStrictEqual(
          rows.map(({ id }) => id),
          kept,
          table
        )
      }
    })
  )
})
