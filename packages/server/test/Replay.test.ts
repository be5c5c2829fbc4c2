import type { Route } from "@do-integrations/domain/Webhook/Inbound/Route"
import { assert, layer } from "@effect/vitest"
import { DateTime, Effect, Latch } from "effect"
import { SqlClient } from "effect/sql"
import { newJobId, newMessageId } from "../src/Ids.ts"
import * as Column from "../src/Sql/Column.ts"
import * as Handlers from "../src/WebhookHandlers.ts"
import { eventually } from "./support/Eventually.ts"
import {
  allStand,
  Calls,
  handlingOf,
  inbox,
  layer as services,
  messagesOf,
  Refused,
  to
} from "./support/Handled.ts"
import { type Client, newTenant } from "./support/Outbound.ts"
import { receiver } from "./support/Receiver.ts"
import { assertRefused } from "./support/Refused.ts"

const since = DateTime.makeUnsafe("2026-01-01T00:00:00Z")

type Message = Effect.Success<ReturnType<typeof messagesOf>>[number]

const replay = (client: Client, { id }: Message, routes?: ReadonlyArray<string>) =>
  client.webhooks.replayMessage({ params: { id }, payload: routes === undefined ? {} : { routes } })

/** Has messages of a webhook replayed, and waits until the job has gone over all of them. */
const replayAll = Effect.fnUntraced(function* (
  client: Client,
  webhook: { readonly id: Message["webhookId"] },
  payload: Partial<Parameters<Client["webhooks"]["replayMessages"]>[0]["payload"]> = {}
) {
  const job = yield* client.webhooks.replayMessages({
    params: { id: webhook.id },
    payload: { since, ...payload }
  })
  return yield* eventually(
    client.jobs.getJob({ params: { id: job.id } }),
    ({ state }) => state === "completed"
  )
})

const setRoutes = (
  client: Client,
  { id }: { readonly id: Message["webhookId"] },
  routes: ReadonlyArray<Route>
) => client.webhooks.updateInboundWebhook({ params: { id }, payload: { routes } })

const dies = () => new Handlers.DeadLetter({ reason: "No use" })

const numbersOf = (message: Message | undefined, route: string) =>
  handlingOf(message, route)?.attemptLog.map(({ number }) => number)

layer(services, { excludeTestServices: true, timeout: "90 seconds" })("replay", (it) => {
  it.effect("handles a message once more, whatever became of it, and numbers its attempts on", () =>
    Effect.gen(function* () {
      const calls = yield* Calls
      const { client } = yield* newTenant
      const { post, webhook } = yield* inbox(client, [to("inbox")])
      calls.behaviour.set("inbox", (call) =>
        call.webhookId === webhook.id ? Effect.fail(dies()) : Effect.void
      )
      yield* post({ n: 1 })
      const [dead] = yield* allStand(client, webhook.id, "dead", 1)
      assert.isDefined(dead)
      calls.behaviour.delete("inbox")
      const asked = yield* replay(client, dead)
      assert.strictEqual(asked.id, dead.id)
      assert.include(["pending", "handled"], asked.state)
      const [handled] = yield* allStand(client, webhook.id, "handled", 1)
      assert.deepStrictEqual(numbersOf(handled, "inbox"), [1, 2])
      yield* replay(client, dead)
      const [again] = yield* eventually(
        messagesOf(client, webhook.id),
        ([one]) => numbersOf(one, "inbox")?.length === 3 && one?.state === "handled"
      )
      assert.deepStrictEqual(numbersOf(again, "inbox"), [1, 2, 3])
      const made = calls.all.filter((call) => call.webhookId === webhook.id)
      assert.deepStrictEqual(
        made.map(({ attempt, id, payload }) => ({ attempt, id, payload })),
        [1, 2, 3].map((attempt) => ({ attempt, id: dead.id, payload: { n: 1 } }))
      )
      const { items } = yield* client.audit.listAudit({ query: {} })
      const entries = items.filter(({ action }) => action === "message.replayed")
      assert.deepStrictEqual(
        entries.map(({ details, target }) => ({ details, target })),
        [1, 2].map(() => ({ details: { webhookId: webhook.id }, target: dead.id }))
      )
    })
  )

  it.effect("goes by today's routes, all that take it or those that are named", () =>
    Effect.gen(function* () {
      const calls = yield* Calls
      const { client } = yield* newTenant
      const { post, webhook } = yield* inbox(client, [])
      yield* post({ sender: { login: "octocat" } }, "issues")
      const [message] = yield* allStand(client, webhook.id, "unrouted", 1)
      assert.isDefined(message)
      assert.strictEqual((yield* replay(client, message)).state, "unrouted")
      yield* setRoutes(client, webhook, [
        to("inbox", { filter: { "sender.login": "octocat" } }),
        to("other", { eventTypes: ["push"] }),
        to("ledger", { eventTypes: ["iss*"] })
      ])
      yield* replay(client, message, ["ledger"])
      yield* allStand(client, webhook.id, "handled", 1)
      yield* replay(client, message)
      const [both] = yield* eventually(
        messagesOf(client, webhook.id),
        ([one]) => one?.state === "handled" && numbersOf(one, "ledger")?.length === 2
      )
      assert.deepStrictEqual(
        both?.handlings.map(({ attempts, route }) => [route, attempts]),
        [
          ["ledger", 2],
          ["inbox", 1]
        ]
      )
      const made = calls.all.filter((call) => call.webhookId === webhook.id).map(({ handler }) => handler)
      assert.deepStrictEqual(made.toSorted(), ["inbox", "ledger", "ledger"])
      yield* assertRefused(replay(client, message, ["inbox", "copy"]), "Unprocessable", {
        errors: [
          { path: ["payload", "routes", 1], message: "Expected the name of one of the webhook's routes" }
        ]
      })
      // A route that is named and does not take it.
      yield* replay(client, message, ["other"])
      const { handlings } = yield* client.webhooks.getMessage({ params: { id: message.id } })
      assert.lengthOf(handlings, 2)
    })
  )

  it.effect("leaves what waits or is under way, however often it is asked for", () =>
    Effect.gen(function* () {
      const calls = yield* Calls
      const { client } = yield* newTenant
      const { post, webhook } = yield* inbox(client, [to("inbox"), to("other")])
      const mine = (call: { readonly webhookId: string }) => call.webhookId === webhook.id
      const open = Latch.makeUnsafe()
      calls.behaviour.set("inbox", (call) => (mine(call) ? open.await : Effect.void))
      calls.behaviour.set("other", (call) =>
        mine(call) ? Effect.fail(new Refused({ message: "Not yet" })) : Effect.void
      )
      yield* post({ n: 1 })
      const [failed] = yield* eventually(
        messagesOf(client, webhook.id),
        ([one]) => handlingOf(one, "other")?.state === "failed" && calls.all.filter(mine).length === 2
      )
      assert.isDefined(failed)
      const waits = handlingOf(failed, "other")
      yield* Effect.replicateEffect(replay(client, failed), 10, { concurrency: "unbounded" })
      const [still] = yield* messagesOf(client, webhook.id)
      assert.deepStrictEqual(handlingOf(still, "other"), waits)
      open.openUnsafe()
      const [done] = yield* eventually(
        messagesOf(client, webhook.id),
        ([one]) => handlingOf(one, "inbox")?.state === "handled"
      )
      assert.deepStrictEqual(numbersOf(done, "inbox"), [1])
      calls.behaviour.delete("inbox")
      calls.behaviour.delete("other")
      // Asked for while it is being handled: no attempt is lost, and none has another's number.
      yield* Effect.replicateEffect(replay(client, failed, ["inbox"]), 30, { concurrency: "unbounded" })
      const [after] = yield* eventually(
        messagesOf(client, webhook.id),
        ([one]) => handlingOf(one, "inbox")?.state === "handled"
      )
      const numbers = numbersOf(after, "inbox") ?? []
      assert.deepStrictEqual(
        numbers,
        numbers.map((_, index) => index + 1)
      )
      assert.lengthOf(
        calls.all.filter((call) => mine(call) && call.handler === "inbox"),
        numbers.length
      )
    })
  )

  it.effect("sets going what held up its order, before what waits behind it", () =>
    Effect.gen(function* () {
      const calls = yield* Calls
      const { client } = yield* newTenant
      const { post, webhook } = yield* inbox(client, [to("inbox")], { ordering: { key: "k" } })
      calls.behaviour.set("inbox", (call) =>
        call.webhookId === webhook.id && call.attempt === 1 && call.externalId === "0"
          ? Effect.fail(dies())
          : Effect.void
      )
      for (const n of [0, 1, 2]) yield* post({ k: "a", n }, "push", String(n))
      const [first] = yield* eventually(
        messagesOf(client, webhook.id),
        ([one]) => handlingOf(one, "inbox")?.blocking === true
      )
      assert.isDefined(first)
      yield* replay(client, first)
      yield* allStand(client, webhook.id, "handled", 3)
      const made = calls.all.filter((call) => call.webhookId === webhook.id)
      assert.deepStrictEqual(
        made.map(({ attempt, externalId }) => [externalId, attempt]),
        [
          ["0", 1],
          ["0", 2],
          ["1", 1],
          ["2", 1]
        ]
      )
      yield* replay(client, first)
      calls.behaviour.delete("inbox")
      yield* allStand(client, webhook.id, "handled", 3)
    })
  )

  it.effect(
    "of a time is a job: by state on each route, type and route, also where the webhook is disabled",
    () =>
      Effect.gen(function* () {
        const calls = yield* Calls
        const { client } = yield* newTenant
        const { post, webhook } = yield* inbox(client, [to("inbox"), to("other", { eventTypes: ["push"] })])
        const mine = (call: { readonly webhookId: string }) => call.webhookId === webhook.id
        calls.behaviour.set("inbox", (call) =>
          mine(call) && call.eventType === "issues" ? Effect.fail(dies()) : Effect.void
        )
        yield* Effect.forEach(["push", "issues", "ping", "issues"], (type) => post({ type }, type))
        yield* eventually(messagesOf(client, webhook.id), (all) =>
          all.every(({ state }) => state === "handled" || state === "dead")
        )
        calls.behaviour.delete("inbox")
        calls.all.length = 0
        yield* client.webhooks.updateInboundWebhook({
          params: { id: webhook.id },
          payload: { enabled: false }
        })
        const first = yield* replayAll(client, webhook)
        assert.deepInclude(first, { type: "replay_messages", subject: webhook.id, processed: 4, total: 4 })
        yield* allStand(client, webhook.id, "handled", 4)
        const made = () =>
          calls.all
            .splice(0)
            .filter(mine)
            .map(({ eventType, handler }) => `${handler} ${eventType}`)
            .toSorted()
        assert.deepStrictEqual(made(), ["inbox issues", "inbox issues"])
        // Now it is all handled, but for a route that is new.
        yield* setRoutes(client, webhook, [to("inbox"), to("ledger", { eventTypes: ["p*"] })])
        yield* replayAll(client, webhook)
        yield* allStand(client, webhook.id, "handled", 4)
        assert.deepStrictEqual(made(), ["ledger ping", "ledger push"])
        const dead = yield* replayAll(client, webhook, { states: ["dead", "cancelled"] })
        assert.deepInclude(dead, { processed: 0, total: 0 })
        yield* replayAll(client, webhook, {
          states: ["handled"],
          eventTypes: ["iss*", "ping"],
          routes: ["inbox"]
        })
        yield* eventually(
          Effect.sync(() => calls.all.length),
          (count) => count === 3
        )
        yield* allStand(client, webhook.id, "handled", 4)
        assert.deepStrictEqual(made(), ["inbox issues", "inbox issues", "inbox ping"])
        const none = yield* replayAll(client, webhook, { states: ["handled"], until: since })
        assert.deepInclude(none, { processed: 0, total: 0 })
        yield* assertRefused(
          client.webhooks.replayMessages({
            params: { id: webhook.id },
            payload: { since, routes: ["copy"] }
          }),
          "Unprocessable"
        )
      })
  )

  it.effect("goes over thousands of messages and large ones in batches, each once, from where it was", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { client, tenantId } = yield* newTenant
      const target = yield* receiver
      target.close()
      const { webhook } = yield* inbox(client, [{ name: "copy", to: { type: "url", url: target.url } }], {
        retry: { type: "list", delaysSeconds: [86_400] }
      })
      const ids = yield* Effect.replicateEffect(newMessageId, 1234)
      yield* sql`
        INSERT INTO messages (id, tenant_id, webhook_id, verified, headers, body)
        SELECT id, ${tenantId}, ${webhook.id}, true, '{}', '{"a":1}' FROM unnest(${Column.text(ids)}) AS id`
      const large = yield* Effect.replicateEffect(newMessageId, 20)
      yield* sql`
        INSERT INTO messages (id, tenant_id, webhook_id, verified, headers, body)
        SELECT id, ${tenantId}, ${webhook.id}, true, '{}', convert_to('"' || repeat('x', 1000000) || '"', 'UTF8')
        FROM unnest(${Column.text(large)}) AS id`
      // As it would be had the process died after the first thousand of them.
      const done = ids[999] ?? ""
      const id = yield* newJobId
      yield* sql`
        INSERT INTO jobs (id, tenant_id, type, subject, parameters, position, state, processed, total, created_at)
        VALUES (${id}, ${tenantId}, 'replay_messages', ${webhook.id},
          '{"from":"msg_0","to":"msg_z","states":["unrouted"]}', ${done}, 'running', 1000, 1254, now())`
      const job = yield* eventually(
        client.jobs.getJob({ params: { id } }),
        ({ state }) => state === "completed",
        "60 seconds"
      )
      assert.strictEqual(job.processed, 1254)
      const restarted = yield* sql<{ id: string }>`
        SELECT message_id AS id FROM unhandled WHERE webhook_id = ${webhook.id} ORDER BY sequence`
      assert.deepStrictEqual(
        restarted.map((row) => row.id),
        [...ids.slice(1000), ...large]
      )
      const routed = yield* sql<{ count: number }>`
        SELECT count(*)::int AS count FROM messages WHERE webhook_id = ${webhook.id} AND routes = '{copy}'`
      assert.deepStrictEqual(routed, [{ count: 254 }])
      yield* client.webhooks.removeInboundWebhook({ params: { id: webhook.id } })
    })
  )

  it.effect("ends as failed where its webhook is removed", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { client, tenantId } = yield* newTenant
      const { webhook } = yield* inbox(client, [to("inbox")])
      yield* client.webhooks.removeInboundWebhook({ params: { id: webhook.id } })
      yield* assertRefused(
        client.webhooks.replayMessages({ params: { id: webhook.id }, payload: { since } }),
        "NotFound"
      )
      const id = yield* newJobId
      yield* sql`
        INSERT INTO jobs (id, tenant_id, type, subject, parameters, state, total, created_at)
        VALUES (${id}, ${tenantId}, 'replay_messages', ${webhook.id},
          '{"from":"msg_0","to":"msg_z","states":["unrouted"]}', 'running', 1, now())`
      const failed = yield* eventually(
        client.jobs.getJob({ params: { id } }),
        ({ state }) => state === "failed"
      )
      assert.strictEqual(failed.error, "The webhook was removed")
    })
  )

  it.effect("asked for twice under one key is asked for once", () =>
    Effect.gen(function* () {
      const calls = yield* Calls
      const { client } = yield* newTenant
      const { post, webhook } = yield* inbox(client, [to("inbox")])
      yield* post({ n: 1 })
      const [message] = yield* allStand(client, webhook.id, "handled", 1)
      assert.isDefined(message)
      const headers = { "idempotency-key": "once" }
      for (const _ of [1, 2]) {
        yield* client.webhooks.replayMessage({ headers, params: { id: message.id }, payload: {} })
        yield* eventually(
          messagesOf(client, webhook.id),
          ([one]) => one?.state === "handled" && numbersOf(one, "inbox")?.length === 2
        )
      }
      assert.lengthOf(
        calls.all.filter((call) => call.webhookId === webhook.id),
        2
      )
      const job = client.webhooks.replayMessages({
        headers: { "idempotency-key": "job" },
        params: { id: webhook.id },
        payload: { since, states: ["dead"] }
      })
      assert.strictEqual((yield* job).id, (yield* job).id)
    })
  )
})
