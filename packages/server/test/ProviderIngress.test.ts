import { IngressProvider } from "@do-integrations/domain/Api/Ingress"
import { Providers } from "@do-integrations/providers/Provider"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { createHmac, randomUUID } from "node:crypto"
import { ProviderIngress } from "../src/InboundWebhooks/ProviderIngress.ts"
import { type ProviderMessage, ProviderWebhooks } from "../src/ProviderWebhooks.ts"
import { WebhookHandlers } from "../src/WebhookHandlers.ts"
import { databaseState, dumpDatabase } from "./support/DatabaseDump.ts"
import { eventually } from "./support/Eventually.ts"
import { problemOf } from "./support/ProblemDocument.ts"
import { sendRaw } from "./support/RawHttp.ts"
import { asGitHub } from "./support/Senders.ts"
import { TestService } from "./support/TestService.ts"

const current = "the secret that replaces another"
const former = "the secret that is replaced"

/** What GitHub's handler got. */
const handled: Array<ProviderMessage> = []

const services = TestService.layerWith(
  {
    webhookSecrets: {
      stripe: [Redacted.make(current)],
      workos: [],
      github: [Redacted.make(current), Redacted.make(former)]
    }
  },
  Providers.layer({}),
  WebhookHandlers.layer(),
  ProviderWebhooks.layer({ github: (message) => Effect.sync(() => void handled.push(message)) })
)

const post = Effect.fnUntraced(function* (
  type: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  method = "POST"
) {
  const { url } = yield* TestService
  return yield* sendRaw(url, { method, path: `/in/provider/${type}`, body, headers })
})

const asStripe = (body: string, key = current) => {
  const time = Math.floor(Date.now() / 1000)
  const signature = createHmac("sha256", key).update(`${time}.${body}`).digest("hex")
  return { "stripe-signature": `t=${time},v1=${signature}` }
}

layer(services, { excludeTestServices: true, timeout: "60 seconds" })("the platform's own webhooks", (it) => {
  it.effect(
    "take what their vendors sign under any secret in the settings, once, and hand it to their handler",
    () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const [first, second] = [randomUUID(), randomUUID()]
        const body = JSON.stringify({ action: "created" })
        const send = (id: string, key: string) =>
          post("github", body, asGitHub(body, id, "installation", key))
        assert.strictEqual((yield* send(first, current)).status, 200)
        assert.include((yield* send(first, current)).body, '"duplicate":true')
        assert.strictEqual((yield* send(second, former)).status, 200)
        const forged = yield* send(randomUUID(), "a secret of nobody's")
        assert.strictEqual(forged.status, 401)
        assert.include(problemOf(forged).type, "invalid-signature")
        yield* eventually(
          Effect.sync(() => handled.length),
          (length) => length === 2
        )
        assert.sameMembers(
          handled.map(({ externalId }) => externalId),
          [first, second]
        )
        const [message] = handled
        assert.include(message, { provider: "github", eventType: "installation" })
        assert.strictEqual(Buffer.from(message?.body ?? []).toString(), body)
        assert.strictEqual(message?.headers["x-github-event"], "installation")
        const rows = yield* sql`
        SELECT tenant_id, verified, routes FROM messages WHERE external_id IN (${first}, ${second})`
        assert.deepStrictEqual(
          rows,
          [1, 2].map(() => ({ tenant_id: null, verified: true, routes: ["provider"] }))
        )
        yield* eventually(sql`SELECT FROM unhandled`, ({ length }) => length === 0)
        assert.lengthOf(yield* sql`SELECT FROM events WHERE type = 'webhook:received'`, 0)
      })
  )

  it.effect("record what nobody handles, without a route", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const body = JSON.stringify({ id: "evt_1", object: "event", type: "account.updated" })
      const answer = yield* post("stripe", body, asStripe(body))
      assert.strictEqual(answer.status, 200, answer.body)
      const rows = yield* sql`
        SELECT event_type, routes FROM messages WHERE external_id = 'evt_1' AND tenant_id IS NULL`
      assert.deepStrictEqual(rows, [{ event_type: "account.updated", routes: [] }])
      assert.lengthOf(yield* sql`SELECT FROM unhandled`, 0)
    })
  )

  it.effect("are none of a tenant's, and hold no secret", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const sql = yield* SqlClient.SqlClient
      const { client } = yield* service.tenant("Acme")
      const webhooks = yield* sql<{ id: string; provider: string; length: number; secrets: Uint8Array }>`
        SELECT id, provider, length(token_hash) AS length, secrets FROM inbound_webhooks ORDER BY provider`
      assert.deepStrictEqual(
        webhooks.map(({ length, provider, secrets }) => ({ length, provider, secrets: secrets.length })),
        [
          { provider: "github", length: 32, secrets: 0 },
          { provider: "stripe", length: 32, secrets: 0 }
        ]
      )
      assert.lengthOf((yield* client.webhooks.listMessages({ query: {} })).items, 0)
      assert.lengthOf((yield* client.webhooks.listWebhooks({ query: {} })).items, 0)
      const dump = yield* dumpDatabase
      const texts = dump.flatMap(({ row }) =>
        Object.values(row).map((value) => Buffer.from(value ?? "").toString())
      )
      assert.isFalse(texts.some((text) => text.includes(current) || text.includes(former)))
    })
  )

  it.effect("refuse what is wrong, and tell the operator's setting that is missing", () =>
    Effect.gen(function* () {
      const before = yield* databaseState
      const missing = yield* post("workos", "{}", {})
      assert.strictEqual(missing.status, 503)
      assert.include(problemOf(missing).type, "provider-not-configured")
      assert.include(missing.body, '"missingSettings":["WORKOS_WEBHOOK_SECRET"]')
      for (const type of ["cloudflare", "GitHub", "nobody", "%67ithub/x", "__proto__", "constructor"]) {
        const answer = yield* post(type, "{}", asGitHub("{}", randomUUID(), "ping", current))
        assert.strictEqual(answer.status, 404, type)
        problemOf(answer)
      }
      for (const method of ["GET", "PUT", "DELETE", "OPTIONS"]) {
        const answer = yield* post("github", "", {}, method)
        assert.strictEqual(answer.status, 405, method)
        assert.strictEqual(answer.headers.allow, "POST")
      }
      const large = "x".repeat(1024 * 1024 + 1)
      assert.strictEqual((yield* post("github", large, {})).status, 413)
      assert.strictEqual((yield* post("stripe", "{}", asStripe("{}", former))).status, 401)
      assert.strictEqual((yield* post("stripe", "{}", {})).status, 401)
      assert.deepStrictEqual(yield* databaseState, before)
    })
  )

  it.effect("are made once, however many nodes start", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const webhooks = sql`SELECT id, provider, token_hash FROM inbound_webhooks ORDER BY provider`
      const before = yield* webhooks
      const start = Effect.scoped(Layer.build(Layer.fresh(ProviderIngress.layer)))
      yield* Effect.all([start, start, start], { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* webhooks, before)
      yield* sql`DELETE FROM inbound_webhooks`
      yield* Effect.all([start, start, start], { concurrency: "unbounded" })
      assert.lengthOf(yield* webhooks, 2)
      assert.lengthOf(IngressProvider.literals, 3)
      const body = "{}"
      const again = post("github", body, asGitHub(body, randomUUID(), "ping", current))
      assert.strictEqual((yield* eventually(again, ({ status }) => status === 200)).status, 200)
    })
  )
})
