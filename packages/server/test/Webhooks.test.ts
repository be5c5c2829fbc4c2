import { assert, layer } from "@effect/vitest"
import { Effect, Redacted, Struct } from "effect"
import { SqlClient } from "effect/sql"
import { eventually } from "./support/Eventually.ts"
import { furnish, postAsGitHub } from "./support/Furnished.ts"
import { walk } from "./support/Pages.ts"
import { receiver } from "./support/Receiver.ts"
import { assertRefused } from "./support/Refused.ts"
import { TestService } from "./support/TestService.ts"
import { send } from "./support/Wire.ts"

const secret = "It's a Secret to Everybody"

const github = { name: "GitHub", scheme: { type: "github" }, secrets: [Redacted.make(secret)] } as const

const invoices = { url: "https://127.0.0.1/hooks", eventTypes: ["invoice.*"] } as const

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("Webhooks", (it) => {
  it.effect("inbound are created with an address, changed and removed", () =>
    Effect.gen(function* () {
      const { client } = yield* (yield* TestService).tenant("Acme")
      const created = yield* client.webhooks.createInboundWebhook({ headers: {}, payload: github })
      const params = { id: created.id }
      const got = yield* client.webhooks.getInboundWebhook({ params })
      assert.deepStrictEqual({ ...got }, { ...Struct.omit(created, ["url"]) })
      assert.strictEqual(yield* postAsGitHub(created.url), 200)

      const off = yield* client.webhooks.updateInboundWebhook({
        params,
        payload: { enabled: false, name: "Off", source: "github" }
      })
      assert.include(off, { enabled: false, name: "Off", source: "github" })
      assert.strictEqual(yield* postAsGitHub(created.url), 404)
      yield* client.webhooks.updateInboundWebhook({ params, payload: { enabled: true } })
      assert.strictEqual(yield* postAsGitHub(created.url), 200)

      yield* client.webhooks.updateInboundWebhook({
        params,
        payload: { secrets: [Redacted.make("another")] }
      })
      assert.strictEqual(yield* postAsGitHub(created.url), 401)
      yield* client.webhooks.updateInboundWebhook({
        params,
        payload: { secrets: [Redacted.make("another"), Redacted.make(secret)] }
      })
      assert.strictEqual(yield* postAsGitHub(created.url), 200)

      yield* client.webhooks.removeInboundWebhook({ params })
      assert.strictEqual(yield* postAsGitHub(created.url), 404)
      yield* assertRefused(client.webhooks.getInboundWebhook({ params }), "NotFound")
      yield* assertRefused(client.webhooks.updateInboundWebhook({ params, payload: {} }), "NotFound")
      yield* assertRefused(client.webhooks.removeInboundWebhook({ params }), "NotFound")
      const messages = yield* walk((query) => client.webhooks.listMessages({ query }))
      assert.lengthOf(messages, 3)
      assert.deepStrictEqual(
        messages.map(({ id }) => id),
        messages
          .map(({ id }) => id)
          .toSorted()
          .toReversed()
      )
    })
  )

  it.effect("outbound are created with a secret, changed and removed", () =>
    Effect.gen(function* () {
      const { client } = yield* (yield* TestService).tenant("Acme")
      const created = yield* client.webhooks.createOutboundWebhook({ headers: {}, payload: invoices })
      const params = { id: created.id }
      assert.match(Redacted.value(created.secret), /^whsec_[A-Za-z0-9+/]{43}=$/)
      const got = yield* client.webhooks.getOutboundWebhook({ params })
      assert.deepStrictEqual({ ...got }, { ...Struct.omit(created, ["secret"]) })
      const patch = {
        url: "https://127.0.0.1/elsewhere",
        description: "Invoices and more",
        eventTypes: ["invoice.*", "order.paid"]
      }
      const changed = yield* client.webhooks.updateOutboundWebhook({ params, payload: patch })
      assert.deepStrictEqual({ ...changed }, { ...got, ...patch })
      assert.deepStrictEqual(yield* client.webhooks.getOutboundWebhook({ params }), changed)
      assert.deepStrictEqual(yield* client.webhooks.updateOutboundWebhook({ params, payload: {} }), changed)
      yield* client.webhooks.removeOutboundWebhook({ params })
      yield* assertRefused(client.webhooks.getOutboundWebhook({ params }), "NotFound")
      yield* assertRefused(client.webhooks.updateOutboundWebhook({ params, payload: patch }), "NotFound")
      yield* assertRefused(client.webhooks.removeOutboundWebhook({ params }), "NotFound")
      const { items } = yield* client.audit.listAudit({ query: {} })
      assert.deepStrictEqual(
        items.filter(({ target }) => target === created.id).map(({ action }) => action),
        ["outbound_webhook.removed", "outbound_webhook.updated", "outbound_webhook.created"]
      )
    })
  )

  it.effect("of both directions are one list, newest first, that pages across both", () =>
    Effect.gen(function* () {
      const { client } = yield* (yield* TestService).tenant("Acme")
      const inbound = client.webhooks.createInboundWebhook({ headers: {}, payload: github })
      const outbound = client.webhooks.createOutboundWebhook({ headers: {}, payload: invoices })
      const created = yield* Effect.all([inbound, outbound, outbound, inbound, outbound])
      const newestFirst = created.map(({ id }) => String(id)).toReversed()
      const list = (filter: { readonly direction?: "inbound" | "outbound" }) =>
        walk((query) => client.webhooks.listWebhooks({ query: { ...query, ...filter } }))
      const both = yield* list({})
      assert.deepStrictEqual(
        both.map(({ webhook }) => String(webhook.id)),
        newestFirst
      )
      for (const direction of ["inbound", "outbound"] as const) {
        const prefix = direction === "inbound" ? "whi_" : "who_"
        assert.deepStrictEqual(
          (yield* list({ direction })).map(({ direction, webhook }) => [direction, String(webhook.id)]),
          newestFirst.filter((id) => id.startsWith(prefix)).map((id) => [direction, id])
        )
      }
      const page = yield* client.webhooks.listWebhooks({ query: { limit: 5 } })
      assert.lengthOf(page.items, 5)
      assert.isUndefined(page.nextCursor)
    })
  )

  it.effect("show address and secrets once and keep neither in plain", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { apiKey, client } = yield* (yield* TestService).tenant("Acme")
      const inbound = yield* client.webhooks.createInboundWebhook({ headers: {}, payload: github })
      const outbound = yield* client.webhooks.createOutboundWebhook({ headers: {}, payload: invoices })
      const token = new URL(Redacted.value(inbound.url)).pathname.split("/").at(-1) ?? ""
      assert.match(token, /^[A-Za-z0-9_-]{43}$/)
      const secrets = [secret, token, Redacted.value(outbound.secret).replace("whsec_", "")]
      const paths = [
        "/v1/webhooks",
        `/v1/webhooks/inbound/${inbound.id}`,
        `/v1/webhooks/outbound/${outbound.id}`
      ]
      const answers = yield* Effect.forEach([...paths, "/v1/audit", "/v1/events"], (path) =>
        send("GET", path, { key: apiKey.secret })
      )
      const rows = yield* sql<{ text: string }>`
        SELECT to_jsonb(inbound_webhooks)::text AS text FROM inbound_webhooks WHERE id = ${inbound.id}
        UNION ALL SELECT to_jsonb(outbound_webhooks)::text FROM outbound_webhooks WHERE id = ${outbound.id}`
      assert.lengthOf(rows, 2)
      for (const one of secrets) {
        for (const { text } of [...answers, ...rows]) {
          assert.notInclude(text, one)
          assert.notInclude(text, Buffer.from(one).toString("hex"))
        }
        assert.notInclude(rows.map(({ text }) => text).join(), Buffer.from(one, "base64").toString("hex"))
      }
    })
  )

  it.effect("have their deliveries listed by webhook and state, newest first", () =>
    Effect.gen(function* () {
      const { client } = yield* (yield* TestService).tenant("Acme")
      const target = yield* receiver
      const { delivery, outbound } = yield* furnish(client, target.url)
      const publish = client.events.publishEvent({ headers: {}, payload: { type: "invoice.sent", data: {} } })
      yield* client.webhooks.pauseOutboundWebhook({ params: { id: outbound.id } })
      yield* publish
      yield* publish
      const list = (filter: { readonly state?: "skipped" | "succeeded" }) =>
        walk((query) =>
          client.webhooks.listDeliveries({ query: { ...query, webhookId: outbound.id, ...filter } })
        )
      const all = yield* eventually(list({}), (deliveries) => deliveries.length === 3)
      assert.deepStrictEqual(
        all.map(({ state }) => state),
        ["skipped", "skipped", "succeeded"]
      )
      assert.deepStrictEqual(yield* list({ state: "skipped" }), all.slice(0, 2))
      assert.deepStrictEqual(
        (yield* list({ state: "succeeded" })).map(({ id }) => id),
        [delivery.id]
      )
      assert.lengthOf(target.got, 1)
    })
  )

  it.effect(
    "let ten endpoints of a tenant take webhook:* events, so that deliveries do not feed deliveries",
    () =>
      Effect.gen(function* () {
        const { client } = yield* (yield* TestService).tenant("Acme")
        const make = (eventTypes: ReadonlyArray<string>) =>
          client.webhooks.createOutboundWebhook({ payload: { url: "https://127.0.0.1/hooks", eventTypes } })
        const watchers = yield* Effect.replicateEffect(make(["webhook:sent"]), 10)
        yield* assertRefused(make(["webhook:*"]), "Unprocessable")
        const other = yield* make(["*"])
        const change = client.webhooks.updateOutboundWebhook({
          params: { id: other.id },
          payload: { eventTypes: ["webhook:sent"] }
        })
        yield* assertRefused(change, "Unprocessable")
        const [first] = watchers
        assert.isDefined(first)
        yield* client.webhooks.removeOutboundWebhook({ params: { id: first.id } })
        yield* change
      })
  )
})
