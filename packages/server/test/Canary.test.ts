import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Option, Redacted, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { createHmac, randomUUID } from "node:crypto"
import { secretAddress } from "../src/DeliveryEngine/Secrets.ts"
import { Vault } from "../src/Vault.ts"
import { type Canary, canary, formsOf, type Place, sightings } from "./support/Canaries.ts"
import { dumpDatabase } from "./support/DatabaseDump.ts"
import { eventually } from "./support/Eventually.ts"
import { type RawRequest, sendRaw } from "./support/RawHttp.ts"
import { receiver } from "./support/Receiver.ts"
import { bearer, get, json, patch, post } from "./support/Refusals.ts"
import { rootKey, TestService } from "./support/TestService.ts"
import { Witness } from "./support/Witness.ts"

/** Text in which every encoding differs from the plain form. */
const text = (name: string) => `canary ${name} "/+&=%é\\`

/** The same for headers and keys, which hold no such characters. */
const token = (name: string) => `canary-${name}-0123456789abcdef`

const masterKey = Buffer.from("canary-master-key-0123456789abcd")
const standardKey = Buffer.from("canary-standard-key-0123456789ab")

const integration = {
  type: "api_key",
  name: "Billing",
  baseUrl: "https://127.0.0.1",
  placement: { in: "bearer" }
}

/** The answers that show a secret, this one time. */
const Shown = Schema.fromJsonString(
  Schema.Struct({ secret: Schema.optionalKey(Schema.String), url: Schema.optionalKey(Schema.String) })
)
const decodeShown = Schema.decodeUnknownEffect(Shown)

/** Renames a table away while an effect runs, so that whatever needs it fails. */
const without = <A, E, R>(table: string, effect: Effect.Effect<A, E, R>) =>
  SqlClient.SqlClient.use((sql) =>
    Effect.acquireUseRelease(
      sql.unsafe(`ALTER TABLE ${table} RENAME TO gone`),
      () => effect,
      () => Effect.orDie(sql.unsafe(`ALTER TABLE gone RENAME TO ${table}`))
    )
  )

/** Every cell of the database as a place. */
const databasePlaces = Effect.map(dumpDatabase, (dump) =>
  dump.flatMap(({ row, table }) =>
    Object.entries(row).flatMap(([column, content]): ReadonlyArray<Place> =>
      content === null ? [] : [{ name: `${table}.${column}`, content }]
    )
  )
)

const services = TestService.layerWith({
  masterKeys: Option.some(Redacted.make(`canary:${masterKey.toString("base64")}`))
}).pipe(Layer.provideMerge(Witness.layer))

layer(services, { excludeTestServices: true, timeout: "60 seconds" })("planted secrets", (it) => {
  it.effect("are found by the scan, in every form and place", () =>
    Effect.gen(function* () {
      const witness = yield* Witness
      const service = yield* TestService
      const { apiKey } = yield* service.tenant("Acme")
      const planted = canary("control", text("control"))
      for (const [form, needle] of formsOf(planted)) {
        const content = Buffer.concat([Buffer.from("before "), needle, Buffer.from(" after")])
        assert.strictEqual(sightings([planted], [{ name: form, content }]).length, 1, form)
      }
      for (const before of ["", "x", "xy"]) {
        for (const encoding of ["base64", "base64url", "hex"] as const) {
          const content = Buffer.from(`${before}${text("control")}after`).toString(encoding)
          assert.strictEqual(sightings([planted], [{ name: encoding, content }]).length, 1, encoding)
        }
      }
      const named = post("/v1/integrations", { ...integration, name: text("control"), credential: "sk" })
      const headers = { ...json, ...bearer(apiKey.secret) }
      assert.strictEqual((yield* sendRaw(service.url, { ...named, headers })).status, 201)
      yield* Effect.log("Found", { text: text("control") }).pipe(
        Effect.withSpan("found", { attributes: { text: text("control") } })
      )
      const found = sightings([planted], [...(yield* databasePlaces), ...witness.logs(), ...witness.spans()])
      assert.deepStrictEqual(
        new Set(found.map((one) => one.replace(/ \d+$/, ""))),
        new Set([
          "control, plain, in public.integrations.name",
          "control, JSON-escaped, in public.audit_log.details",
          "control, plain, in span found",
          "control, plain, in log"
        ])
      )
    })
  )

  it.effect("are nowhere to be found", () =>
    Effect.gen(function* () {
      const witness = yield* Witness
      const service = yield* TestService
      const { apiKey, client, tenant } = yield* service.tenant("Acme")
      const answers: Array<Place> = []
      const canaries: Array<Canary> = [
        canary("root key", Redacted.value(rootKey)),
        canary("master key", masterKey),
        canary("standard webhooks key", standardKey),
        canary("first API key", Redacted.value(apiKey.secret))
      ]
      const plant = (name: string, content = text(name)) => {
        canaries.push(canary(name, content))
        return content
      }

      /** Sends a request whose answer may show no secret. */
      const ask = Effect.fnUntraced(function* (status: number, request: RawRequest, key = apiKey.secret) {
        const headers = { ...bearer(key), ...request.headers }
        const answer = yield* sendRaw(service.url, { ...request, headers })
        const name = `answer ${answer.status} to ${request.method} ${request.path}`
        assert.strictEqual(answer.status, status, `${name}: ${answer.body}`)
        answers.push({ name, content: `${JSON.stringify(answer.headers)}\n${answer.body}` })
      })

      /** Sends a request that is answered with a secret once, twice: the repetition is answered alike. */
      const reveal = Effect.fnUntraced(function* (name: string, request: RawRequest) {
        const headers = { ...bearer(apiKey.secret), ...json, "idempotency-key": randomUUID() }
        const first = yield* sendRaw(service.url, { ...request, headers })
        assert.strictEqual(first.status, 201, first.body)
        const again = yield* sendRaw(service.url, { ...request, headers })
        assert.strictEqual(again.body, first.body)
        assert.strictEqual(again.headers["idempotent-replayed"], "true")
        const { secret, url } = yield* decodeShown(first.body)
        if (secret === undefined) return plant(`${name}'s address`, new URL(url ?? "").pathname.slice(4))
        if (secret.startsWith("whsec_"))
          canaries.push(canary(`${name}'s bytes`, Buffer.from(secret.slice(6), "base64")))
        return plant(`${name}'s secret`, secret.replace("whsec_", ""))
      })

      // Secrets that come in, and secrets that are made here.
      yield* reveal("API key", post("/v1/api-keys", { name: "Another", scopes: ["events:read"] }))
      const root = yield* service.client(rootKey)
      const recovery = yield* root.tenants.recoverTenant({ params: { id: tenant.id } })
      plant("recovery key", Redacted.value(recovery.secret))
      const credential = post("/v1/integrations", { ...integration, credential: plant("credential") })
      yield* ask(201, credential)
      yield* ask(201, { ...credential, headers: { ...json, "idempotency-key": "keyed" } })
      const [added] = (yield* client.integrations.listIntegrations({ query: {} })).items
      assert.isDefined(added)
      yield* ask(200, patch(`/v1/integrations/${added.id}`, { credential: plant("new credential") }))
      yield* ask(200, patch("/v1/deep-integrations/github", { webhookSecret: plant("GitHub's secret") }))
      const githubSecret = plant("signing secret")
      const github = {
        name: "GitHub",
        scheme: { type: "github" },
        secrets: [githubSecret, plant("second secret")]
      }
      const inbound = yield* reveal("GitHub", post("/v1/webhooks/inbound", github))
      const standard = {
        name: "Svix",
        scheme: { type: "standard" },
        secrets: [`whsec_${standardKey.toString("base64")}`]
      }
      const other = yield* reveal("Svix", post("/v1/webhooks/inbound", standard))
      const target = yield* receiver
      const all = { eventTypes: ["invoice.*", "webhook:received"] }
      const header = { name: "X-Api-Key", value: plant("secret header", token("header")), secret: true }
      yield* reveal(
        "endpoint",
        post("/v1/webhooks/outbound", {
          url: target.url,
          ...all,
          headers: [header],
          signatures: ["v1", "v1a"]
        })
      )
      yield* reveal(
        "dead endpoint",
        post("/v1/webhooks/outbound", { url: "http://127.0.0.1:9/hooks", ...all })
      )

      // What goes well.
      const body = JSON.stringify({ zen: "Keep it logically awesome." })
      const sign = (secret: string) => `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`
      const delivered = {
        authorization: plant("sender's authorization", `Bearer ${token("sender")}`),
        cookie: plant("sender's cookie", `session=${token("cookie")}`),
        "proxy-authorization": plant("sender's proxy authorization", `Basic ${token("proxy")}`)
      }
      const message = (secret: string, address = inbound): RawRequest => ({
        method: "POST",
        path: `/in/${address}`,
        body,
        headers: { ...delivered, "x-github-delivery": randomUUID(), "x-hub-signature-256": sign(secret) }
      })
      yield* ask(200, message(githubSecret))
      yield* ask(201, post("/v1/events", { type: "invoice.paid", data: { amount: 42 } }))
      const { items: outbounds } = yield* client.webhooks.listWebhooks({ query: { direction: "outbound" } })
      for (const { webhook } of outbounds) {
        const path = `/v1/webhooks/outbound/${webhook.id}`
        const rotation = post(`${path}/rotate-secret`, { overlapSeconds: 3600 })
        const rotated = yield* sendRaw(service.url, {
          ...rotation,
          headers: { ...rotation.headers, ...bearer(apiKey.secret), "idempotency-key": webhook.id }
        })
        const { secret = "" } = yield* decodeShown(rotated.body)
        canaries.push(canary(`${webhook.id}'s bytes`, Buffer.from(secret.slice(6), "base64")))
        plant(`${webhook.id}'s secret`, secret.replace("whsec_", ""))
        const other = { ...header, value: plant(`${webhook.id}'s header`, token(`new-${webhook.id}`)) }
        yield* ask(200, patch(path, { headers: [other] }))
        yield* ask(201, post(`${path}/test`, {}))
        yield* ask(201, post(`${path}/trigger`, { type: "invoice.paid", data: 1, waitSeconds: 5 }))
        yield* ask(202, post(`${path}/recover`, { since: "2026-01-01T00:00:00.000Z" }))
        yield* ask(200, post(`${path}/pause`, {}))
        yield* ask(200, post(`${path}/resume`, {}))
        yield* ask(200, get(`${path}/statistics`))
        yield* ask(400, patch(path, { headers: [{ ...other, name: "Host" }] }))
        yield* ask(400, patch(path, { headers: [{ ...other, colour: other.value }] }))
        yield* ask(422, patch(path, { url: "https://10.0.0.1", headers: [other] }))
      }
      yield* eventually(
        Effect.sync(() => target.got.length),
        (count) => count >= 2
      )

      // The keys of v1a are never shown, not even once.
      const sql = yield* SqlClient.SqlClient
      const vault = yield* Vault
      const keys = yield* sql<{ id: OutboundWebhookId; sealed: Uint8Array }>`
        SELECT id, signing_key AS sealed FROM outbound_webhooks WHERE signing_key IS NOT NULL`
      assert.isNotEmpty(keys)
      for (const { id, sealed } of keys) {
        const key = Redacted.value(yield* vault.open(secretAddress(tenant.id, id, "signing_key"), sealed))
        assert.match(key, /^whsk_/)
        const bytes = Buffer.from(key.slice(5), "base64")
        plant("signing key", key)
        canaries.push(canary("signing key's seed", bytes.subarray(0, 32)))
      }

      // What is refused.
      yield* ask(401, message("another secret"))
      yield* ask(401, message(githubSecret, other))
      yield* ask(405, { ...message(githubSecret), method: "GET", body: "" })
      yield* ask(413, { ...message(githubSecret), body: "x".repeat(2 ** 20 + 1) })
      yield* ask(404, { ...message(githubSecret), path: `/in/${inbound}/further` })
      yield* ask(404, message(githubSecret, plant("unknown address", token("address"))))
      const wrong = token("wrong")
      yield* ask(401, get("/v1/events"), Redacted.make(plant("wrong key", `doi_${wrong}`)))
      yield* ask(
        401,
        post("/v1/tenants", { name: "New" }),
        Redacted.make(plant("wrong root key", `root_${wrong}`))
      )
      yield* ask(401, { ...get("/v1/events"), headers: { authorization: plant("basic", `Basic ${wrong}`) } })
      const refused = plant("refused credential")
      for (const fields of [
        { credential: [refused] },
        { credential: { value: refused } },
        { credential: refused.repeat(500) },
        { credential: `${refused}\0` },
        { credential: "sk", secret: refused },
        { credential: refused, type: "oauth" },
        { credential: refused, placement: { in: refused } },
        { credential: "sk", customerId: refused }
      ]) {
        yield* ask(400, post("/v1/integrations", { ...integration, ...fields }))
      }
      yield* ask(
        422,
        post("/v1/integrations", { ...integration, credential: refused, baseUrl: "https://10.0.0.1" })
      )
      yield* ask(400, post("/v1/integrations", `{"credential":${JSON.stringify(refused)}`))
      yield* ask(415, { ...credential, headers: { "content-type": "text/plain" } })
      yield* ask(400, get(`/v1/integrations?credential=${encodeURIComponent(refused)}`))
      yield* ask(400, get(`/v1/integrations/${encodeURIComponent(refused)}`))
      yield* ask(400, patch("/v1/deep-integrations/github", { webhookSecret: [refused] }))
      yield* ask(422, patch("/v1/deep-integrations/github", { installationId: 1, webhookSecret: refused }))
      yield* ask(422, post("/v1/webhooks/inbound", { ...standard, secrets: [refused] }))

      // What breaks.
      const keyed = { ...json, "idempotency-key": "broken" }
      yield* without("integrations", ask(500, { ...credential, headers: keyed }))
      yield* without("audit_log", ask(500, credential))
      yield* without(
        "audit_log",
        ask(500, patch("/v1/deep-integrations/github", { webhookSecret: text("GitHub's secret") }))
      )
      yield* without("inbound_webhooks", ask(500, post("/v1/webhooks/inbound", github)))
      yield* without("messages", ask(500, message(githubSecret)))
      yield* without(
        "outbound_webhooks",
        ask(500, post("/v1/webhooks/outbound", { url: target.url, ...all, headers: [header] }))
      )
      yield* without(
        "api_keys",
        ask(
          500,
          get("/v1/events"),
          Redacted.make(plant("key at a bad time", `doi_${token("bad").padEnd(43, "x").slice(0, 43)}`))
        )
      )
      const torn = yield* reveal("torn", post("/v1/webhooks/inbound", github))
      yield* sql`UPDATE inbound_webhooks SET secrets = overlay(secrets PLACING '\\x00'::bytea FROM 40)`
      yield* ask(500, message(githubSecret, torn))

      // What can be read afterwards.
      const lists = [
        "events",
        "audit",
        "api-keys",
        "integrations",
        "webhooks",
        "deliveries",
        "messages",
        "jobs"
      ]
      for (const list of lists) yield* ask(200, get(`/v1/${list}?limit=100`))
      yield* ask(200, get("/v1/deep-integrations"))
      yield* ask(200, get("/v1/settings"))
      yield* ask(200, get("/v1/tenants?limit=100"), rootKey)
      const deliveries = yield* client.webhooks.listDeliveries({ query: {} })
      for (const { id } of deliveries.items) yield* ask(200, get(`/v1/deliveries/${id}`))

      const received = target.got.map(({ body, headers }) => ({
        name: "delivery",
        content: JSON.stringify({ ...headers, "x-api-key": "what its receiver asked for" }) + body
      }))
      const [database, logs, spans] = [yield* databasePlaces, witness.logs(), witness.spans()]
      assert.isAbove(canaries.length, 20)
      for (const places of [database, logs, spans, answers, received]) assert.isAbove(places.length, 1)
      assert.isNotEmpty(sightings([canary("a failure", "A request failed")], logs))
      assert.isTrue(spans.some(({ name }) => name === "span POST /in/:token"))
      assert.deepStrictEqual(
        sightings(canaries, [...database, ...logs, ...spans, ...answers, ...received]),
        []
      )
    })
  )
})
