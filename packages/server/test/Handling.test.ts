import { DeadLetter } from "../src/WebhookHandlers.ts"
import { assert, layer } from "@effect/vitest"
import { Clock, Effect, Latch, Redacted, Schema } from "effect"
import { SqlClient } from "effect/sql"
import {
  allStand,
  Calls,
  fastForward,
  handlingOf,
  inbox,
  layer as services,
  messagesOf,
  Refused,
  to
} from "./support/Handled.ts"
import { eventually } from "./support/Eventually.ts"
import { newTenant } from "./support/Outbound.ts"
import { sendRaw } from "./support/RawHttp.ts"
import { asStandard, standard, standardSecret } from "./support/Senders.ts"
import { TestService } from "./support/TestService.ts"

const callsOf = Effect.fnUntraced(function* (handler: string, webhookId: string) {
  const { all } = yield* Calls
  return all.filter((call) => call.handler === handler && call.webhookId === webhookId)
})

layer(services, { excludeTestServices: true, timeout: "60 seconds" })("handling", (it) => {
  it.effect("calls a handler in code with the message, once, and writes down that it is handled", () =>
    Effect.gen(function* () {
      const { client, tenantId } = yield* newTenant
      const { post, webhook } = yield* inbox(client, [to("inbox")])
      assert.strictEqual((yield* post({ n: 1 }, "push", "first")).status, 200)
      const [message] = yield* allStand(client, webhook.id, "handled", 1)
      const calls = yield* callsOf("inbox", webhook.id)
      assert.strictEqual(calls.length, 1)
      const [call] = calls
      assert.deepInclude(call, {
        tenantId,
        webhookId: webhook.id,
        source: "github",
        externalId: "first",
        eventType: "push",
        verified: true,
        payload: { n: 1 },
        attempt: 1
      })
      assert.strictEqual(call?.id, message?.id)
      const handling = handlingOf(message, "inbox")
      assert.strictEqual(handling?.state, "handled")
      assert.deepStrictEqual(
        handling?.attemptLog.map(({ error, number }) => ({ error, number })),
        [{ error: undefined, number: 1 }]
      )
    })
  )

  it.effect("gives a message to every route that takes it, by type and by what it holds", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const { post, webhook } = yield* inbox(client, [
        to("inbox", { eventTypes: ["issue*"] }),
        to("other", { filter: { "sender.login": "octocat" } })
      ])
      yield* post({ sender: { login: "octocat" } }, "issues")
      yield* post({ sender: { login: "hubot" } }, "issue_comment")
      yield* post({ sender: { login: "octocat" } }, "push")
      yield* post({ sender: { login: "hubot" } }, "push")
      const messages = yield* eventually(messagesOf(client, webhook.id), (all) =>
        all.every(({ state }) => state === "handled" || state === "unrouted")
      )
      assert.deepStrictEqual(
        messages.map(({ handlings, state }) => [state, ...handlings.map(({ route }) => route).toSorted()]),
        [["handled", "inbox", "other"], ["handled", "inbox"], ["handled", "other"], ["unrouted"]]
      )
      assert.strictEqual((yield* callsOf("inbox", webhook.id)).length, 2)
      assert.strictEqual((yield* callsOf("other", webhook.id)).length, 2)
    })
  )

  it.effect("tries a handler that fails again, with the same message id, until it is done", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const calls = yield* Calls
      calls.behaviour.set("inbox", ({ attempt }) =>
        attempt < 3 ? Effect.fail(new Refused({ message: `not at attempt ${attempt}` })) : Effect.void
      )
      const { post, webhook } = yield* inbox(client, [to("inbox")])
      yield* post({ n: 1 })
      for (const failed of [1, 2]) {
        const [message] = yield* allStand(client, webhook.id, "failed", 1).pipe(
          Effect.flatMap(() =>
            eventually(
              messagesOf(client, webhook.id),
              ([one]) => handlingOf(one, "inbox")?.attempts === failed
            )
          )
        )
        const handling = handlingOf(message, "inbox")
        assert.include(handling?.error, `not at attempt ${failed}`)
        assert.isDefined(handling?.nextAttemptAt)
        yield* fastForward(webhook.id)
      }
      const [message] = yield* allStand(client, webhook.id, "handled", 1)
      assert.deepStrictEqual(
        handlingOf(message, "inbox")?.attemptLog.map(({ error, number }) => [number, error === undefined]),
        [
          [1, false],
          [2, false],
          [3, true]
        ]
      )
      const made = yield* callsOf("inbox", webhook.id)
      assert.deepStrictEqual(new Set(made.map(({ id }) => id)).size, 1)
      calls.behaviour.delete("inbox")
    })
  )

  it.effect("leaves a dead letter with its cause, and tells: out of retries, and where none could help", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const calls = yield* Calls
      calls.behaviour.set("other", () => Effect.fail(new DeadLetter({ reason: "Nobody wants it" })))
      calls.behaviour.set("inbox", () => Effect.die(new Error("a bug with s3cret")))
      const { post, webhook } = yield* inbox(client, [to("inbox"), to("other"), to("invoices")], {
        retry: { type: "list", delaysSeconds: [60] }
      })
      yield* post({ amount: "not a number" })
      yield* eventually(
        messagesOf(client, webhook.id),
        ([one]) => handlingOf(one, "inbox")?.state === "failed"
      )
      yield* fastForward(webhook.id)
      const [message] = yield* eventually(
        messagesOf(client, webhook.id),
        ([one]) => one?.handlings.length === 3 && one.handlings.every(({ state }) => state === "dead")
      )
      assert.strictEqual(message?.state, "dead")
      assert.strictEqual(handlingOf(message, "other")?.error, "Nobody wants it")
      assert.strictEqual(handlingOf(message, "other")?.attempts, 1)
      assert.include(handlingOf(message, "inbox")?.error, "crashed")
      assert.notInclude(handlingOf(message, "inbox")?.error, "s3cret")
      assert.strictEqual(handlingOf(message, "inbox")?.attempts, 2)
      assert.include(handlingOf(message, "invoices")?.error, "does not fit")
      const told = yield* eventually(
        client.events.listEvents({ query: { limit: 100, type: "delivery.dead" } }),
        ({ items }) => items.length === 3
      )
      assert.deepStrictEqual(
        told.items
          .map(({ data }) => Schema.is(Schema.Struct({ route: Schema.String }))(data) && data.route)
          .toSorted(),
        ["inbox", "invoices", "other"]
      )
      calls.behaviour.clear()
    })
  )

  it.effect(
    "runs a transactional handler in the transaction that settles: its rows stand exactly when it is handled",
    () =>
      Effect.gen(function* () {
        const { client } = yield* newTenant
        const calls = yield* Calls
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE IF NOT EXISTS ledger (message_id text NOT NULL)`
        calls.behaviour.set("ledger", ({ attempt, id }) =>
          Effect.gen(function* () {
            const sql = yield* SqlClient.SqlClient
            yield* Effect.orDie(sql`INSERT INTO ledger (message_id) VALUES (${id})`)
            if (attempt === 1) return yield* new Refused({ message: "after its insert" })
          })
        )
        const { post, webhook } = yield* inbox(client, [to("ledger")])
        yield* post({ n: 1 })
        const [failed] = yield* allStand(client, webhook.id, "failed", 1)
        const entries = sql`SELECT message_id FROM ledger WHERE message_id = ${failed?.id ?? ""}`
        assert.strictEqual((yield* entries).length, 0)
        yield* fastForward(webhook.id)
        yield* allStand(client, webhook.id, "handled", 1)
        assert.strictEqual((yield* entries).length, 1)
        calls.behaviour.clear()
      })
  )

  it.effect("gives typed payloads of GitHub, and what is not known as it came", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const { post, webhook } = yield* inbox(client, [to("issues", { eventTypes: ["issues"] })])
      yield* post({ action: "levitated", issue: { number: 1 } }, "issues")
      yield* allStand(client, webhook.id, "handled", 1)
      const [call] = yield* callsOf("issues", webhook.id)
      assert.deepInclude(call?.payload, {
        _tag: "Untyped",
        payload: { action: "levitated", issue: { number: 1 } }
      })
    })
  )

  it.effect("handles no more at a time than the webhook says", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const calls = yield* Calls
      const go = yield* Latch.make()
      let running = 0
      let most = 0
      calls.behaviour.set("inbox", () =>
        Effect.gen(function* () {
          running += 1
          most = Math.max(most, running)
          yield* go.await
          running -= 1
        })
      )
      const { post, webhook } = yield* inbox(client, [to("inbox")], { concurrency: 3 })
      yield* Effect.forEach(
        Array.from({ length: 12 }, (_, n) => n),
        (n) => post({ n }),
        { concurrency: 12 }
      )
      yield* eventually(
        Effect.sync(() => running),
        (now) => now === 3
      )
      yield* go.open
      yield* allStand(client, webhook.id, "handled", 12)
      assert.strictEqual(most, 3)
      calls.behaviour.clear()
    })
  )

  it.effect(
    "counts every attempt, whatever a handler makes of it: words that no column holds, an interruption",
    () =>
      Effect.gen(function* () {
        const { client } = yield* newTenant
        const calls = yield* Calls
        calls.behaviour.set("inbox", () =>
          Effect.fail(new Refused({ message: "no such \u0000 customer \ud800" }))
        )
        calls.behaviour.set("other", () => Effect.interrupt)
        const { post, webhook } = yield* inbox(client, [to("inbox"), to("other")], {
          retry: { type: "list", delaysSeconds: [60], maxAttempts: 1 }
        })
        yield* post({ n: 1 })
        const [message] = yield* allStand(client, webhook.id, "dead", 1).pipe(
          Effect.andThen(
            eventually(
              messagesOf(client, webhook.id),
              ([one]) => one?.handlings.every(({ state }) => state === "dead") === true
            )
          )
        )
        assert.include(handlingOf(message, "inbox")?.error, "no such \ufffd customer")
        assert.include(handlingOf(message, "other")?.error, "interrupted")
        assert.strictEqual((yield* callsOf("inbox", webhook.id)).length, 1)
        assert.strictEqual((yield* callsOf("other", webhook.id)).length, 1)
        calls.behaviour.clear()
      })
  )

  it.effect("does not let what was begun before a replay end the replay", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const calls = yield* Calls
      const go = yield* Latch.make()
      calls.behaviour.set("inbox", ({ attempt }) => (attempt === 1 ? go.await : Effect.void))
      const { post, webhook } = yield* inbox(client, [to("inbox")])
      yield* post({ n: 1 })
      yield* eventually(callsOf("inbox", webhook.id), (made) => made.length === 1)
      const [message] = yield* messagesOf(client, webhook.id)
      assert.isDefined(message)
      const at = { params: { id: message.id }, headers: {} }
      yield* client.webhooks.cancelMessage(at)
      yield* client.webhooks.replayMessage({ ...at, payload: {} })
      yield* go.open
      const [handled] = yield* allStand(client, webhook.id, "handled", 1)
      assert.strictEqual(handlingOf(handled, "inbox")?.attempts, 2)
      assert.strictEqual((yield* callsOf("inbox", webhook.id)).length, 2)
      calls.behaviour.clear()
    })
  )

  it.effect("leaves connections for others, however many transactional handlers are slow", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const calls = yield* Calls
      const go = yield* Latch.make()
      let open = 0
      let most = 0
      calls.behaviour.set("ledger", () =>
        Effect.suspend(() => {
          open += 1
          most = Math.max(most, open)
          return Effect.andThen(
            Effect.timeoutOption(go.await, "2 seconds"),
            Effect.sync(() => void (open -= 1))
          )
        })
      )
      const { post, webhook } = yield* inbox(client, [to("ledger")], { concurrency: 20 })
      yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8], (n) => post({ n }), { concurrency: 8 })
      yield* go.open
      yield* allStand(client, webhook.id, "handled", 8)
      assert.isAtMost(most, 4)
      calls.behaviour.clear()
    })
  )

  it.effect("goes by the webhook as it is at the commit, whatever this node remembers of it", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const sql = yield* SqlClient.SqlClient
      const { post, webhook } = yield* inbox(client, [])
      yield* post({ n: 1 })
      // As another node does: this one is not told.
      yield* sql`
        UPDATE inbound_webhooks SET routes = ${JSON.stringify([to("inbox")])}, revision = revision + 1
        WHERE id = ${webhook.id}`
      assert.strictEqual((yield* post({ n: 2 })).status, 200)
      const messages = yield* eventually(
        messagesOf(client, webhook.id),
        (all) => all.length === 2 && all.every(({ state }) => state !== "pending")
      )
      assert.deepStrictEqual(
        messages.map(({ state }) => state),
        ["unrouted", "handled"]
      )
      yield* sql`UPDATE inbound_webhooks SET enabled = false, revision = revision + 1 WHERE id = ${webhook.id}`
      assert.strictEqual((yield* post({ n: 3 })).status, 404)
    })
  )

  it.effect("gives the body of Standard Webhooks with its time, and takes no other", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const service = yield* TestService
      const created = yield* client.webhooks.createInboundWebhook({
        headers: {},
        payload: {
          name: "Standard",
          scheme: standard,
          secrets: [Redacted.make(standardSecret)],
          routes: [to("standard")]
        }
      })
      const path = new URL(Redacted.value(created.url)).pathname
      const seconds = Math.floor((yield* Clock.currentTimeMillis) / 1000)
      const bodies = [
        JSON.stringify({ type: "invoice.paid", timestamp: "2026-02-03T04:05:06.000Z", data: { id: 7 } }),
        JSON.stringify({ type: "invoice.paid" })
      ]
      for (const body of bodies) {
        yield* sendRaw(service.url, { method: "POST", path, body, headers: asStandard(body, seconds) })
      }
      const messages = yield* eventually(
        messagesOf(client, created.id),
        (all) => all.length === 2 && all.every(({ state }) => state === "handled" || state === "dead")
      )
      assert.deepStrictEqual(
        messages.map(({ eventType, state }) => [eventType, state]),
        [
          ["invoice.paid", "handled"],
          ["invoice.paid", "dead"]
        ]
      )
      const [call] = yield* callsOf("standard", created.id)
      assert.deepInclude(call?.payload, { type: "invoice.paid", data: { id: 7 } })
    })
  )
})
