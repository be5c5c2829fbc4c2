import { PgClient } from "@effect/sql-pg"
import type { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { Receipt } from "@do-integrations/domain/Webhook/Inbound/Message"
import type { Route } from "@do-integrations/domain/Webhook/Inbound/Route"
import { assert, it, layer } from "@effect/vitest"
import { Array as Arr, Effect, Fiber, Latch, Redacted, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { vi } from "vitest"
import { median } from "../../../bench/Statistics.ts"
import { eventually } from "./support/Eventually.ts"
import { allStand, Calls, inbox, layer as services, messagesOf, to } from "./support/Handled.ts"
import { emptyDatabase, node, postgresServer } from "./support/Nodes.ts"
import { newTenant } from "./support/Outbound.ts"
import { eventsOfType, walk } from "./support/Pages.ts"
import { receiver } from "./support/Receiver.ts"
import { asGitHub, github, secret } from "./support/Senders.ts"
import * as Process from "./support/ServiceProcess.ts"

// Several processes, on a machine that may have other work.
vi.setConfig({ testTimeout: 180_000 })

const copies = 1000
const decodeReceipt = Schema.decodeUnknownEffect(Receipt)
const decodeReceiptText = Schema.decodeUnknownEffect(Schema.fromJsonString(Receipt))

/** One of the answers says that the message is new, all others that it is not. */
const assertOneFresh = (receipts: ReadonlyArray<Receipt>) => {
  assert.strictEqual(receipts.length, copies)
  assert.strictEqual(receipts.filter(({ duplicate }) => duplicate).length, copies - 1)
}

layer(services, { excludeTestServices: true, timeout: "60 seconds" })("one node", (it) => {
  it.effect(`takes ${copies} copies of a message at once as one, and handles it once`, () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const calls = yield* Calls
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE copies (message_id text NOT NULL)`
      calls.behaviour.set("ledger", ({ id }) =>
        SqlClient.SqlClient.use((sql) => Effect.orDie(sql`INSERT INTO copies (message_id) VALUES (${id})`))
      )
      const { post, webhook } = yield* inbox(client, [
        to("inbox"),
        to("ledger"),
        { name: "event", to: { type: "event", eventType: "copied.{type}" } }
      ])
      const answers = yield* Effect.replicateEffect(post({ n: 1 }, "push", "the-one"), copies, {
        concurrency: "unbounded"
      })
      assertOneFresh(yield* Effect.forEach(answers, ({ body }) => decodeReceiptText(body)))
      const [message] = yield* allStand(client, webhook.id, "handled", 1)
      assert.deepStrictEqual(
        message?.handlings.map(({ attempts }) => attempts),
        [1, 1, 1]
      )
      assert.strictEqual(calls.all.filter(({ webhookId }) => webhookId === webhook.id).length, 2)
      assert.deepStrictEqual(yield* sql`SELECT message_id AS id FROM copies`, [{ id: message?.id }])
      const { items } = yield* client.events.listEvents({ query: { type: "copied.push", limit: 10 } })
      assert.strictEqual(items.length, 1)
      calls.behaviour.clear()
    })
  )
})

/** Routes to both handlers in code, to a URL, and to an event. */
const routesTo = (url: string): ReadonlyArray<Route> => [
  { name: "ledger", to: { type: "handler", handler: "ledger" } },
  { name: "journal", to: { type: "handler", handler: "journal" } },
  { name: "url", to: { type: "url", url } },
  { name: "event", to: { type: "event", eventType: "copied.{type}" } }
]

/** A webhook that forwards to this URL: its id and the path of its address. */
const newWebhook = Effect.fnUntraced(function* (client: IntegrationsClient["Service"], url: string) {
  const { id, url: address } = yield* client.webhooks.createInboundWebhook({
    headers: {},
    payload: {
      name: "GitHub",
      scheme: github,
      secrets: [Redacted.make(secret)],
      routes: routesTo(url),
      retry: { type: "list", delaysSeconds: [1, 1, 1, 1, 1, 1] }
    }
  })
  return { id, path: new URL(Redacted.value(address)).pathname }
})

/** Posts a message to an address, with this id of the sender's. */
const post = Effect.fnUntraced(function* (address: string, externalId: string = randomUUID()) {
  const body = JSON.stringify({ externalId })
  const response = yield* Effect.tryPromise((signal) =>
    fetch(address, { method: "POST", body, signal, headers: asGitHub(body, externalId, "push") })
  )
  assert.strictEqual(response.status, 200)
  return yield* decodeReceipt(yield* Effect.tryPromise(() => response.json()))
})

it.live.skipIf(postgresServer() === undefined)(
  "three nodes: take a message once, wake its owner wherever it is, and take over from one that died (Postgres only)",
  () =>
    Effect.gen(function* () {
      const url = yield* emptyDatabase
      const nodes = yield* Effect.replicateEffect(node(url, Process.withHandlers), 3)
      yield* Effect.forEach(nodes, Process.ready, { concurrency: "unbounded", discard: true })
      const [a, b, c] = nodes
      assert.isDefined(a)
      assert.isDefined(b)
      assert.isDefined(c)
      const { client } = yield* Process.newTenant(a.url, "Acme")
      const target = yield* receiver
      const counts = (table: "handled_ledger" | "handled_journal") =>
        SqlClient.SqlClient.use(
          (sql) => sql<{ readonly count: number }>`
            SELECT count(*)::int AS count FROM ${sql(table)} GROUP BY message_id`
        ).pipe(
          Effect.map((rows) => rows.map(({ count }) => count)),
          Effect.provide(PgClient.layer({ url, maxConnections: 1 }))
        )
      const forwards = (id: string | undefined) =>
        target.got.filter(({ headers }) => headers["webhook-id"] === id).length

      // One message, many times at once, to all nodes.
      const one = yield* newWebhook(client, target.url)
      const receipts = yield* Effect.forEach(
        Arr.makeBy(copies, (n) => nodes[n % nodes.length]?.url ?? ""),
        (origin) => post(origin + one.path, "the-one"),
        { concurrency: "unbounded" }
      )
      assertOneFresh(receipts)
      const [message] = yield* eventually(
        messagesOf(client, one.id),
        ([one]) => one?.state === "handled",
        "40 seconds"
      )
      assert.strictEqual((yield* messagesOf(client, one.id)).length, 1)
      assert.deepStrictEqual(
        message?.handlings.map(({ attempts }) => attempts),
        [1, 1, 1, 1]
      )
      assert.deepStrictEqual(yield* counts("handled_ledger"), [1])
      assert.deepStrictEqual(yield* counts("handled_journal"), [1])
      assert.strictEqual(forwards(message?.id), 1)
      const told = yield* client.events.listEvents({ query: { type: "copied.push", limit: 10 } })
      assert.strictEqual(told.items.length, 1)

      // Enough webhooks that every node owns some: two of three messages come to a node that is not their owner.
      const webhooks = yield* Effect.replicateEffect(newWebhook(client, target.url), 9)
      const waits: Array<number> = []
      for (const { path } of webhooks) {
        for (const { url } of nodes) {
          const { id } = yield* post(url + path)
          const answered = performance.now()
          yield* Effect.sync(() => forwards(id)).pipe(
            Effect.repeat({ until: (count) => count > 0, schedule: Schedule.spaced("2 millis") }),
            Effect.timeout("20 seconds")
          )
          waits.push(performance.now() - answered)
        }
      }
      yield* Effect.log(
        `Forwarded after ${Math.round(median(waits))} ms in the median, ${Math.round(Math.max(...waits))} ms at most`
      )

      // One node dies under load; what it had not answered is sent again, as the same.
      const before = 1 + waits.length
      const underWay = yield* Latch.make()
      const perNode = 150
      let answered = 0
      const sending = yield* Effect.forEach(
        Arr.makeBy(3 * perNode, (n) => n),
        Effect.fnUntraced(function* (n) {
          const { path = "" } = webhooks[n % webhooks.length] ?? {}
          const externalId = randomUUID()
          const others = [a, b][n % 2]?.url ?? ""
          const first = nodes[Math.floor(n / webhooks.length) % nodes.length]?.url ?? ""
          yield* post(first + path, externalId).pipe(Effect.catch(() => post(others + path, externalId)))
          answered += 1
          if (answered === perNode) yield* underWay.open
        }),
        { concurrency: 30, discard: true }
      ).pipe(Effect.forkScoped)
      yield* underWay.await
      yield* c.kill("SIGKILL")
      yield* c.ended
      const died = performance.now()
      yield* Fiber.join(sending)
      const all = yield* eventually(
        walk((page) => client.webhooks.listMessages({ query: page }), 100),
        (messages) => messages.every(({ state }) => state === "handled"),
        "60 seconds"
      )
      yield* Effect.log(`Everything was handled ${Math.round(performance.now() - died)} ms after a node died`)
      assert.strictEqual(all.length, before + 3 * perNode)
      assert.deepStrictEqual(new Set(yield* counts("handled_ledger")), new Set([1]))
      assert.strictEqual((yield* counts("handled_ledger")).length, all.length)
      assert.strictEqual((yield* counts("handled_journal")).length, all.length)
      for (const { id } of all) assert.isAtLeast(forwards(id), 1)
      const events = yield* eventsOfType(client, "copied.push")
      assert.strictEqual(events.length, all.length)
    }).pipe(Effect.scoped)
)
