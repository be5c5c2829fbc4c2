import type { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import type { JobId } from "@do-integrations/domain/Job"
import { assert, it, layer } from "@effect/vitest"
import { DateTime, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { eventually } from "./support/Eventually.ts"
import { walk } from "./support/Pages.ts"
import { receiver, receiverWith } from "./support/Receiver.ts"
import { assertRefused } from "./support/Refused.ts"
import * as ServiceProcess from "./support/ServiceProcess.ts"
import * as TestDatabase from "./support/TestDatabase.ts"
import { TestService } from "./support/TestService.ts"

type Client = IntegrationsClient["Service"]

const acme = Effect.gen(function* () {
  const service = yield* TestService
  return yield* service.tenant("Acme")
})

const hourly = { type: "list", delaysSeconds: [3600] } as const
const once = { type: "list", delaysSeconds: [1], maxAttempts: 1 } as const

const publish = (client: Client, number: number) =>
  client.events.publishEvent({ payload: { type: "invoice.paid", data: { number } } })

const numbersOf = (got: ReadonlyArray<{ readonly body: string }>): ReadonlyArray<number> =>
  got.map(({ body }) => JSON.parse(body).data.number)

const ended = (client: Client, id: JobId, patience: "10 seconds" | "120 seconds" = "10 seconds") =>
  eventually(client.jobs.getJob({ params: { id } }), ({ state }) => state !== "running", patience)

layer(TestService.layer, { excludeTestServices: true, timeout: "120 seconds" })("recovery", (it) => {
  it.effect("delivers in order what failed and what was skipped since a time", () =>
    Effect.gen(function* () {
      const { client } = yield* acme
      const receiving = { code: 500 }
      const target = yield* receiverWith((response) => void response.writeHead(receiving.code).end())
      const { id } = yield* client.webhooks.createOutboundWebhook({
        payload: {
          url: target.url,
          eventTypes: ["invoice.*"],
          retry: once,
          ordering: { whenExhausted: "skip" }
        }
      })
      const params = { id }
      const list = client.webhooks.listDeliveries({ query: { webhookId: id } })
      const settled = (...states: ReadonlyArray<string>) =>
        eventually(list, ({ items }) => items.map(({ state }) => state).join() === states.toReversed().join())
      yield* publish(client, 1)
      yield* settled("exhausted")
      yield* publish(client, 2)
      yield* settled("exhausted", "exhausted")
      yield* client.webhooks.updateOutboundWebhook({ params, payload: { retry: hourly } })
      yield* publish(client, 3)
      yield* settled("exhausted", "exhausted", "failed")
      yield* publish(client, 4)
      const { items } = yield* list
      yield* client.webhooks.cancelDelivery({ params: { id: items[0]?.id ?? assert.fail() } })
      yield* client.webhooks.pauseOutboundWebhook({ params })
      yield* publish(client, 5)
      const since = items[2]?.createdAt ?? assert.fail()
      const recover = client.webhooks.recoverOutboundWebhook({ params, payload: { since } })
      yield* assertRefused(recover, "Unprocessable", { detail: "The webhook is not active; resume it first" })
      yield* client.webhooks.resumeOutboundWebhook({ params, payload: {} })

      receiving.code = 204
      target.got.length = 0
      const job = yield* recover
      assert.deepInclude({ ...job }, { type: "recover_deliveries", subject: id, state: "running", total: 3 })
      const done = yield* ended(client, job.id)
      assert.deepInclude({ ...done }, { state: "completed", processed: 3, total: 3 })
      assert.isDefined(done.completedAt)
      yield* settled("exhausted", "succeeded", "succeeded", "cancelled", "succeeded")
      assert.deepStrictEqual(numbersOf(target.got), [2, 3, 5])

      const cancelled = yield* client.webhooks.recoverOutboundWebhook({
        params,
        payload: {
          since: items[3]?.createdAt ?? assert.fail(),
          until: since,
          states: ["exhausted", "cancelled"]
        }
      })
      assert.strictEqual((yield* ended(client, cancelled.id)).processed, 1)
      yield* settled("succeeded", "succeeded", "succeeded", "cancelled", "succeeded")
      const later = yield* client.webhooks.recoverOutboundWebhook({
        params,
        payload: { since, states: ["cancelled"] }
      })
      assert.strictEqual((yield* ended(client, later.id)).processed, 1)
      yield* settled("succeeded", "succeeded", "succeeded", "succeeded", "succeeded")

      const all = yield* walk((query) => client.jobs.listJobs({ query }))
      assert.deepStrictEqual(
        all.map(({ id }) => id),
        [later.id, cancelled.id, job.id]
      )
      const audit = (yield* client.audit.listAudit({ query: {} })).items.filter(
        ({ action }) => action === "outbound_webhook.recovery_started"
      )
      assert.deepStrictEqual(audit.at(-1)?.details, {
        job: job.id,
        since: DateTime.formatIso(since),
        states: ["failed", "exhausted", "skipped"]
      })
    })
  )

  it.effect("cancels what is on its way, also what holds up an order", () =>
    Effect.gen(function* () {
      const { client } = yield* acme
      const target = yield* receiverWith((response) => void response.writeHead(500).end())
      const { id } = yield* client.webhooks.createOutboundWebhook({
        payload: {
          url: target.url,
          eventTypes: ["invoice.*"],
          retry: once,
          ordering: { whenExhausted: "block" }
        }
      })
      yield* publish(client, 1)
      const list = client.webhooks.listDeliveries({ query: { webhookId: id } })
      yield* eventually(list, ({ items }) => items[0]?.blocking === true)
      yield* publish(client, 2)
      yield* publish(client, 3)
      const headers = { "idempotency-key": "cancel" }
      const cancel = client.webhooks.cancelDeliveries({ params: { id }, headers })
      const job = yield* cancel
      assert.deepInclude({ ...job }, { type: "cancel_deliveries", subject: id, total: 3 })
      assert.strictEqual((yield* cancel).id, job.id)
      assert.strictEqual((yield* ended(client, job.id)).processed, 3)
      const { items } = yield* list
      assert.deepStrictEqual(
        items.map(({ blocking = false, state }) => `${state} ${blocking}`),
        ["cancelled false", "cancelled false", "cancelled false"]
      )
      assert.deepStrictEqual(numbersOf(target.got), [1])
    })
  )

  it.effect("fails where the webhook is removed or paused before its end", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { client, tenant } = yield* acme
      const target = yield* receiver
      const { id } = yield* client.webhooks.createOutboundWebhook({
        payload: { url: target.url, eventTypes: ["invoice.*"] }
      })
      yield* client.webhooks.pauseOutboundWebhook({ params: { id } })
      // As if a job had been made just before.
      const make = (job: string, subject: string) => sql`
        INSERT INTO jobs (id, tenant_id, type, subject, parameters, state, total, created_at)
        VALUES (${job}, ${tenant.id}, 'recover_deliveries', ${subject},
          '{"type":"recover_deliveries","from":"","to":"e","states":["skipped"]}', 'running', 1, now())`
      yield* make("job_01ja5c3v9tfk8b0000000000aa", id)
      yield* make("job_01ja5c3v9tfk8b0000000000ab", "who_01ja5c3v9tfk8b0000000000aa")
      const jobs = yield* eventually(client.jobs.listJobs({ query: {} }), ({ items }) =>
        items.every(({ state }) => state === "failed")
      )
      assert.deepStrictEqual(
        jobs.items.map(({ error, processed }) => [error, processed]),
        [
          ["The webhook was removed", 0],
          ["The webhook was paused or disabled", 0]
        ]
      )
      const about = yield* Effect.forEach([id, "who_01ja5c3v9tfk8b0000000000aa", "nothing"], (subject) =>
        Effect.map(client.jobs.listJobs({ query: { subject } }), ({ items }) => items.map((job) => job.id))
      )
      assert.deepStrictEqual(about, [
        ["job_01ja5c3v9tfk8b0000000000aa"],
        ["job_01ja5c3v9tfk8b0000000000ab"],
        []
      ])
    })
  )
})

const rows = 5000

it.live(
  "a job that a kill interrupts goes on where it was",
  () =>
    Effect.gen(function* () {
      const database = yield* TestDatabase.fresh
      const environment = ServiceProcess.environment(database)
      const target = yield* receiver
      const first = yield* ServiceProcess.start(environment)
      const { client, key } = yield* ServiceProcess.newTenant(first.url, "Acme")
      const { id } = yield* client.webhooks.createOutboundWebhook({
        payload: { url: target.url, eventTypes: ["invoice.*"] }
      })
      yield* client.webhooks.pauseOutboundWebhook({ params: { id } })
      yield* Effect.forEach(
        Array.from({ length: rows }, (_, number) => number),
        (number) => publish(client, number),
        { concurrency: 64, discard: true }
      )
      const { createdAt } = yield* client.webhooks.getOutboundWebhook({ params: { id } })
      yield* client.webhooks.resumeOutboundWebhook({ params: { id }, payload: { recoverSince: createdAt } })
      const begun = yield* eventually(
        Effect.map(client.jobs.listJobs({ query: {} }), ({ items }) => items[0]),
        (job) => job !== undefined && job.processed > 0
      )
      assert.isDefined(begun)
      yield* first.kill("SIGKILL")
      yield* first.ended
      assert.strictEqual(begun.total, rows)
      assert.isBelow(begun.processed, rows)

      const second = yield* ServiceProcess.start(environment)
      const after = yield* ServiceProcess.clientOf(second.url, key)
      const job = yield* ended(after, begun.id, "120 seconds")
      assert.include({ ...job }, { state: "completed", processed: rows, total: rows })
      yield* eventually(
        Effect.sync(() => new Set(numbersOf(target.got)).size),
        (count) => count === rows,
        "120 seconds"
      )
      const left = yield* after.webhooks.listDeliveries({ query: { undelivered: true } })
      assert.deepStrictEqual(left.items, [])
      yield* second.kill("SIGTERM")
      yield* second.ended
    }).pipe(Effect.scoped),
  240_000
)
