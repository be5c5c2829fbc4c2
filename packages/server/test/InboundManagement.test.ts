import type { InboundWebhookPatch, NewInboundWebhook } from "@do-integrations/domain/Webhook/Inbound"
import { assert, layer } from "@effect/vitest"
import { DateTime, Effect, Redacted, Struct } from "effect"
import { SqlClient } from "effect/sql"
import { Webhook } from "standardwebhooks"
import { InboundWebhooks } from "../src/InboundWebhooks.ts"
import { eventually } from "./support/Eventually.ts"
import { postAsGitHub } from "./support/Furnished.ts"
import { inbox, layer as services, to } from "./support/Handled.ts"
import { assertFault, callerOf, endpoint, github, make, toUrl } from "./support/Managed.ts"
import { newTenant } from "./support/Outbound.ts"
import { receiver, signatureOf } from "./support/Receiver.ts"
import { assertRefused } from "./support/Refused.ts"

layer(services, { excludeTestServices: true, timeout: "60 seconds" })("inbound webhooks", (it) => {
  it.effect("keep every setting, change it, and give up what may be left out", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const settings = {
        source: "github",
        dedupe: { by: "path", path: "event.id" },
        eventType: { in: "header", name: "X-Type" },
        routes: [
          to("inbox", { eventTypes: ["issue*"], filter: { "sender.login": "octocat" } }),
          { name: "event", to: { type: "event", eventType: "github.{type}" } },
          toUrl("https://127.0.0.1/copy")
        ],
        retry: { type: "list", delaysSeconds: [5, 60] },
        concurrency: 3,
        ordering: { key: "repository.id" },
        methods: ["POST", "PUT"],
        contentTypes: ["application/json"],
        allowedNetworks: ["192.0.2.0/24", "2001:db8::1"],
        rateLimit: 100,
        reply: { status: 202, contentType: "text/plain", body: "ok" }
      } satisfies Partial<NewInboundWebhook>
      const created = yield* make(client, settings)
      const params = { id: created.id }
      const got = yield* client.webhooks.getInboundWebhook({ params })
      assert.deepStrictEqual({ ...got }, { ...Struct.omit(created, ["url"]) })
      assert.deepInclude(got, {
        ...settings,
        ordering: { key: "repository.id", whenExhausted: "block" },
        enabled: true
      })

      const patch = {
        name: "Another",
        source: "elsewhere",
        enabled: false,
        dedupe: { by: "hash" },
        eventType: { in: "body", path: "kind" },
        routes: [to("other")],
        retry: { type: "default" },
        concurrency: 100,
        ordering: { whenExhausted: "skip" },
        methods: ["PATCH"],
        contentTypes: ["text/plain", "application/json"],
        allowedNetworks: ["198.51.100.7"],
        rateLimit: 1,
        reply: { status: 204 }
      } satisfies InboundWebhookPatch
      const changed = yield* client.webhooks.updateInboundWebhook({ params, payload: patch })
      assert.deepInclude(changed, patch)
      assert.deepStrictEqual(yield* client.webhooks.updateInboundWebhook({ params, payload: {} }), changed)

      const none = yield* client.webhooks.updateInboundWebhook({
        params,
        payload: {
          dedupe: null,
          eventType: null,
          ordering: null,
          contentTypes: null,
          allowedNetworks: null,
          rateLimit: null,
          reply: null,
          routes: []
        }
      })
      const { createdAt, id } = created
      assert.deepStrictEqual(
        { ...none },
        {
          id,
          createdAt,
          ...Struct.pick(patch, ["name", "source", "enabled", "retry", "concurrency", "methods"]),
          scheme: github.scheme,
          routes: []
        }
      )
      const { items } = yield* client.audit.listAudit({ query: {} })
      const [last] = items.filter(({ target }) => target === id)
      assert.deepStrictEqual(last?.details, {
        changed: [
          "dedupe",
          "eventType",
          "routes",
          "ordering",
          "contentTypes",
          "allowedNetworks",
          "rateLimit",
          "reply"
        ]
      })
    })
  )

  it.effect("say when the last message came", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const created = yield* make(client)
      assert.notProperty(created, "lastActivityAt")
      for (let posted = 0; posted < 2; posted++) assert.strictEqual(yield* postAsGitHub(created.url), 200)
      const [newest] = (yield* client.webhooks.listMessages({ query: {} })).items
      const { items } = yield* client.webhooks.listWebhooks({ query: {} })
      assert.isDefined(newest)
      for (const webhook of [
        yield* client.webhooks.getInboundWebhook({ params: { id: created.id } }),
        items[0]?.webhook
      ]) {
        assert.deepStrictEqual(webhook?.lastActivityAt, newest.receivedAt)
      }
    })
  )

  it.effect("are refused secrets that the scheme cannot have, and retries beyond what is kept", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const webhook = yield* make(client)
      const params = { id: webhook.id }
      yield* assertFault(make(client, { secrets: [] }), "secrets")
      yield* assertFault(make(client, { scheme: { type: "none" } }), "secrets")
      yield* assertFault(
        client.webhooks.updateInboundWebhook({ params, payload: { secrets: [] } }),
        "secrets"
      )
      yield* client.settings.updateSettings({ payload: { retentionDays: 7 } })
      const retry = { type: "list", delaysSeconds: [10 * 86_400] } as const
      yield* assertFault(make(client, { retry }), "retry")
      yield* assertFault(client.webhooks.updateInboundWebhook({ params, payload: { retry } }), "retry")
      yield* client.settings.updateSettings({ payload: { retentionDays: 30, endpointCap: 2 } })
      yield* client.webhooks.updateInboundWebhook({ params, payload: { retry } })
      yield* assertFault(client.settings.updateSettings({ payload: { retentionDays: 7 } }), "retentionDays")
      yield* make(client)
      yield* assertRefused(make(client), "Unprocessable", {
        detail: "The tenant may have 2 inbound webhooks"
      })
      yield* endpoint(client)
    })
  )

  it.effect("are changed by many at a time, and every change holds", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { client } = yield* newTenant
      const { id } = yield* make(client)
      const patches: ReadonlyArray<InboundWebhookPatch> = [
        { name: "New" },
        { concurrency: 5 },
        { rateLimit: 7 },
        { methods: ["PUT"] },
        { routes: [to("inbox")] }
      ]
      yield* Effect.forEach(
        patches,
        (payload) => client.webhooks.updateInboundWebhook({ params: { id }, payload }),
        { concurrency: "unbounded" }
      )
      const now = yield* client.webhooks.getInboundWebhook({ params: { id } })
      for (const patch of patches) assert.deepInclude<object>(now, patch)
      const rows = yield* sql`SELECT revision::int AS revision FROM inbound_webhooks WHERE id = ${id}`
      assert.deepStrictEqual(rows, [{ revision: patches.length }])
    })
  )

  it.effect("sign what they forward with a secret that is shown to those who may see it, and rotated", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { client } = yield* newTenant
      const target = yield* receiver
      const { post, webhook } = yield* inbox(client, [])
      const params = { id: webhook.id }
      const shown = client.webhooks.getInboundWebhookSecret({ params })
      const rotate = (overlapSeconds: number) =>
        client.webhooks.rotateInboundWebhookSecret({ params, payload: { overlapSeconds } })
      yield* assertRefused(shown, "Conflict")
      yield* assertRefused(rotate(0), "Conflict")
      yield* client.webhooks.updateInboundWebhook({ params, payload: { routes: [toUrl(target.url)] } })
      const first = yield* shown
      assert.match(Redacted.value(first.secret), /^whsec_[A-Za-z0-9+/]{43}=$/)
      assert.isEmpty(first.previous)

      const second = yield* rotate(3600)
      assert.deepStrictEqual(
        second.previous.map((one) => Redacted.value(one.secret)),
        [Redacted.value(first.secret)]
      )
      assert.notStrictEqual(Redacted.value(second.secret), Redacted.value(first.secret))
      assert.deepStrictEqual({ ...(yield* shown) }, { ...second })
      yield* post({ n: 1 })
      yield* eventually(
        Effect.sync(() => target.got.length),
        (count) => count === 1
      )
      const [delivered] = target.got
      assert.isDefined(delivered)
      for (const one of [first.secret, second.secret]) {
        assert.deepStrictEqual(
          new Webhook(Redacted.value(one)).verify(delivered.body, signatureOf(delivered)),
          { n: 1 }
        )
      }

      const third = yield* rotate(0)
      assert.lengthOf(third.previous, 1)
      for (const _ of [1, 2, 3]) yield* rotate(60)
      yield* assertRefused(rotate(60), "Unprocessable")
      const rows = yield* sql<{ text: string }>`
        SELECT encode(forward_secrets, 'escape') AS text FROM inbound_webhooks WHERE id = ${webhook.id}`
      for (const { text } of rows) assert.notInclude(text, "whsec_")

      // Where it forwards again later, the secret is the one that its receivers know.
      const before = yield* shown
      yield* client.webhooks.updateInboundWebhook({ params, payload: { routes: [] } })
      yield* assertRefused(shown, "Conflict")
      yield* client.webhooks.updateInboundWebhook({ params, payload: { routes: [toUrl(target.url)] } })
      assert.deepStrictEqual({ ...(yield* shown) }, { ...before })
      const { items } = yield* client.audit.listAudit({ query: { limit: 100 } })
      const actions = items.filter((entry) => entry.target === webhook.id).map(({ action }) => action)
      assert.include(actions, "inbound_webhook.secret_disclosed")
      assert.strictEqual(actions.filter((one) => one === "inbound_webhook.secret_rotated").length, 5)
    })
  )

  it.effect("cancel what waits when they are removed", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { client, tenantId } = yield* newTenant
      const { post, webhook } = yield* inbox(client, [to("inbox")])
      yield* post({ n: 1 })
      yield* eventually(
        client.webhooks.listMessages({ query: { state: "handled" } }),
        ({ items }) => items.length === 1
      )
      const [message] = (yield* client.webhooks.listMessages({ query: {} })).items
      assert.isDefined(message)
      const later = DateTime.toDateUtc(DateTime.add(yield* DateTime.now, { days: 1 }))
      yield* sql`
        INSERT INTO unhandled (webhook_id, message_id, route, tenant_id, state, round_at, due_at)
        SELECT webhook_id, id, 'inbox', tenant_id, 'failed', ${later}, ${later} FROM messages WHERE id = ${message.id}`
      const inbound = yield* InboundWebhooks
      const params = { id: message.id }
      // However much waits, the request does not: the owner ends it afterwards.
      yield* Effect.gen(function* () {
        yield* inbound.remove(callerOf(tenantId), webhook.id)
        const left = yield* sql`SELECT state FROM unhandled WHERE message_id = ${message.id}`
        assert.deepStrictEqual(left, [{ state: "failed" }])
      }).pipe(sql.withTransaction)
      yield* eventually(client.webhooks.getMessage({ params }), ({ state }) => state === "cancelled")
      assert.deepStrictEqual(
        (yield* client.webhooks.listMessages({ query: { state: "cancelled" } })).items.map(({ id }) => id),
        [message.id]
      )
      yield* assertRefused(client.webhooks.cancelMessage({ params }), "Conflict")
      yield* assertRefused(client.webhooks.replayMessage({ params, payload: {} }), "Conflict", {
        detail: "The webhook was removed: no route is left to handle the message"
      })
    })
  )
})
