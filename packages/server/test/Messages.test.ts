import type { MessageState } from "@do-integrations/domain/Webhook/Inbound/Message"
import { assert, layer } from "@effect/vitest"
import { DateTime, Effect, Redacted, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { newMessageId } from "../src/Ids.ts"
import { timeOf } from "../src/Sql/Partitions.ts"
import * as Column from "../src/Sql/Column.ts"
import { type Client, newTenant } from "./support/Outbound.ts"
import { walk } from "./support/Pages.ts"
import { assertRefused } from "./support/Refused.ts"
import { secret } from "./support/Senders.ts"
import { TestService } from "./support/TestService.ts"

const routes = ["a", "b", "c"] as const
const standings = ["none", "handled", "pending", "failed", "dead", "blocking", "cancelled"] as const
type Standing = (typeof standings)[number]

const Seed = Schema.Struct({
  webhook: Schema.Literals([0, 1]),
  type: Schema.Literals(["push", "ping"]),
  /** Where it stands on each of the routes; `none` did not take it. */
  on: Schema.Tuple([Schema.Literals(standings), Schema.Literals(standings), Schema.Literals(standings)])
})
type Seed = typeof Seed.Type
const Seeds = Schema.Array(Seed).check(Schema.isMinLength(1), Schema.isMaxLength(12))

const stateOf = (standing: Standing) => (standing === "blocking" ? "dead" : standing)

/** What the documents say: the worst of them. */
const worstOf = ({ on }: Seed): MessageState => {
  const taken = on.filter((one) => one !== "none").map(stateOf)
  const order = ["dead", "failed", "pending", "cancelled", "handled"] as const
  return order.find((state) => taken.includes(state)) ?? "unrouted"
}

const webhook = (client: Client) =>
  client.webhooks.createInboundWebhook({
    payload: { name: "GitHub", scheme: { type: "github" }, secrets: [Redacted.make(secret)] }
  })

/** Messages as they would be had they come in, oldest first. What waits is due tomorrow. */
const store = Effect.fnUntraced(function* (
  tenantId: string,
  webhooks: ReadonlyArray<string>,
  all: ReadonlyArray<Seed>
) {
  const sql = yield* SqlClient.SqlClient
  const now = yield* DateTime.now
  const tomorrow = DateTime.toDateUtc(DateTime.add(now, { days: 1 }))
  const stored = yield* Effect.forEach(all, (seed) =>
    Effect.map(newMessageId, (id) => ({ seed, id, webhookId: webhooks[seed.webhook] ?? "" }))
  )
  for (const { id, seed, webhookId } of stored) {
    const taken = routes.filter((_, index) => seed.on[index] !== "none")
    yield* sql`
      INSERT INTO messages (id, tenant_id, webhook_id, event_type, verified, headers, body, routes)
      VALUES (${id}, ${tenantId}, ${webhookId}, ${seed.type}, true, '{}', '{}', ${Column.text(taken)})`
    for (const [index, route] of routes.entries()) {
      const standing = seed.on[index]
      if (standing === undefined || standing === "none" || standing === "handled") continue
      const waits = standing === "pending" || standing === "failed"
      yield* sql`
        INSERT INTO unhandled (webhook_id, message_id, route, tenant_id, state, round_at, due_at, completed_at)
        VALUES (${webhookId}, ${id}, ${route}, ${tenantId}, ${stateOf(standing)}, ${tomorrow},
          ${waits ? tomorrow.toISOString() : standing === "blocking" ? "infinity" : null}::timestamptz,
          ${waits ? null : tomorrow})`
    }
  }
  return stored
})

layer(TestService.layer, { excludeTestServices: true, timeout: "120 seconds" })("messages", (it) => {
  it.effect.prop(
    "are found by where they stand: at the worst of their routes",
    [Seeds],
    ([all]) =>
      Effect.gen(function* () {
        const { client, tenantId } = yield* newTenant
        const webhooks = [yield* webhook(client), yield* webhook(client)].map(({ id }) => id)
        const stored = (yield* store(tenantId, webhooks, all)).toReversed()
        const states = ["unrouted", "pending", "failed", "handled", "dead", "cancelled"] as const
        for (const state of [undefined, ...states]) {
          for (const webhookId of [undefined, webhooks[1]]) {
            for (const eventType of [undefined, "push"]) {
              const filter = {
                ...(state === undefined ? {} : { state }),
                ...(webhookId === undefined ? {} : { webhookId }),
                ...(eventType === undefined ? {} : { eventType })
              }
              const found = yield* walk(
                (page) => client.webhooks.listMessages({ query: { ...page, ...filter } }),
                2
              )
              assert.deepStrictEqual(
                found.map(({ id, state }) => ({ id, state })),
                stored
                  .filter(
                    (one) =>
                      (state === undefined || worstOf(one.seed) === state) &&
                      (webhookId === undefined || one.webhookId === webhookId) &&
                      (eventType === undefined || one.seed.type === eventType)
                  )
                  .map(({ id, seed }) => ({ id, state: worstOf(seed) })),
                JSON.stringify(filter)
              )
            }
          }
        }
        for (const { id, seed } of stored) {
          const { handlings, state } = yield* client.webhooks.getMessage({ params: { id } })
          assert.strictEqual(state, worstOf(seed))
          assert.deepStrictEqual(
            handlings.map((one) => [
              one.route,
              one.state,
              one.blocking === true,
              one.nextAttemptAt !== undefined
            ]),
            routes.flatMap((route, index) => {
              const on = seed.on[index] ?? "none"
              const waits = on === "pending" || on === "failed"
              return on === "none" ? [] : [[route, stateOf(on), on === "blocking", waits]]
            })
          )
        }
      }),
    { arbitrary: { runs: 8 } }
  )

  it.effect("are found by when they came, and shown with every attempt", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { client, tenantId } = yield* newTenant
      const { id: webhookId } = yield* webhook(client)
      const seed = { webhook: 0, type: "push", on: ["handled", "failed", "none"] } as const
      const stored = yield* store(tenantId, [webhookId], [seed])
      yield* Effect.sleep("5 millis")
      const [second] = yield* store(tenantId, [webhookId], [seed])
      const [first] = stored
      assert.isDefined(first)
      assert.isDefined(second)
      const between = DateTime.makeUnsafe(timeOf(second.id))
      const list = (query: { readonly since?: DateTime.Utc; readonly until?: DateTime.Utc }) =>
        Effect.map(client.webhooks.listMessages({ query: { ...query, state: "failed" } }), ({ items }) =>
          items.map(({ id }) => id)
        )
      assert.deepStrictEqual(yield* list({ since: between }), [second.id])
      assert.deepStrictEqual(yield* list({ until: between }), [first.id])
      assert.deepStrictEqual(yield* list({ since: between, until: between }), [])

      const at = DateTime.makeUnsafe("2026-01-02T03:04:05.678Z")
      const attempt = (route: string, number: number, status: number | null, error: string | null) => sql`
        INSERT INTO handling_attempts (message_id, route, number, tenant_id, at, duration_ms, status, error)
        VALUES (${first.id}, ${route}, ${number}, ${tenantId}, ${DateTime.toDateUtc(at)}, 12, ${status}, ${error})`
      yield* attempt("b", 1, 503, "Answered 503")
      yield* attempt("a", 2, 204, null)
      yield* attempt("a", 1, null, "Refused")
      yield* sql`UPDATE unhandled SET attempts = 1, error = 'Answered 503' WHERE message_id = ${first.id}`
      const { body, handlings } = yield* client.webhooks.getMessage({ params: { id: first.id } })
      assert.strictEqual(new TextDecoder().decode(body), "{}")
      const [a, b] = handlings
      assert.deepStrictEqual(a, {
        route: "a",
        state: "handled",
        attempts: 2,
        attemptLog: [
          { number: 1, at, durationMs: 12, error: "Refused" },
          { number: 2, at, durationMs: 12, status: 204 }
        ]
      })
      assert.deepInclude(b, {
        route: "b",
        state: "failed",
        attempts: 1,
        error: "Answered 503",
        attemptLog: [{ number: 1, at, durationMs: 12, status: 503, error: "Answered 503" }]
      })
    })
  )

  it.effect("are ended where they wait or hold up an order, once", () =>
    Effect.gen(function* () {
      const { client, tenantId } = yield* newTenant
      const { id: webhookId } = yield* webhook(client)
      const [waiting, done] = yield* store(
        tenantId,
        [webhookId],
        [
          { webhook: 0, type: "push", on: ["pending", "blocking", "handled"] },
          { webhook: 0, type: "push", on: ["dead", "cancelled", "none"] }
        ]
      )
      assert.isDefined(waiting)
      assert.isDefined(done)
      const cancel = (id: typeof waiting.id) => client.webhooks.cancelMessage({ params: { id } })
      const { handlings, state } = yield* cancel(waiting.id)
      assert.strictEqual(state, "cancelled")
      assert.deepStrictEqual(
        handlings.map((one) => [one.route, one.state]),
        [
          ["a", "cancelled"],
          ["b", "cancelled"],
          ["c", "handled"]
        ]
      )
      for (const { id } of [waiting, done]) yield* assertRefused(cancel(id), "Conflict")
      assert.strictEqual((yield* client.webhooks.getMessage({ params: { id: done.id } })).state, "dead")
      const { items } = yield* client.audit.listAudit({ query: {} })
      assert.deepStrictEqual(
        items.filter(({ action }) => action === "message.cancelled").map(({ target }) => target),
        [waiting.id]
      )
    })
  )
})
