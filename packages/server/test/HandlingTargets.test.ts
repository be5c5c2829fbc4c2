import { CustomerId } from "@do-integrations/domain/Tenant"
import type { Route } from "@do-integrations/domain/Webhook/Inbound/Route"
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Webhook } from "standardwebhooks"
import { eventually } from "./support/Eventually.ts"
import { allStand, fastForward, handlingOf, inbox, layer as services, messagesOf } from "./support/Handled.ts"
import { deliveriesTo, endpoint, newTenant } from "./support/Outbound.ts"
import { type Delivered, receiver, receiverWith, signatureOf } from "./support/Receiver.ts"

const forward = (url: string): Route => ({ name: "forward", to: { type: "url", url } })

const Data = Schema.Struct({
  message: Schema.Struct({
    id: Schema.String,
    webhookId: Schema.String,
    source: Schema.optionalKey(Schema.String),
    externalId: Schema.optionalKey(Schema.String),
    eventType: Schema.optionalKey(Schema.String),
    verified: Schema.Boolean,
    hops: Schema.Int,
    headers: Schema.Record(Schema.String, Schema.String)
  }),
  payload: Schema.optionalKey(Schema.Json),
  body: Schema.optionalKey(Schema.String)
})
const dataOf = Schema.decodeUnknownEffect(Data)

const only = Effect.fnUntraced(function* (got: ReadonlyArray<Delivered>) {
  assert.strictEqual(got.length, 1)
  return yield* Effect.orDie(Effect.fromNullishOr(got[0]))
})

layer(services, { excludeTestServices: true, timeout: "60 seconds" })("a route's target", (it) => {
  it.effect("a URL gets the very bytes, signed, with the sender's headers under a prefix", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const { got, url } = yield* receiver
      const { postText, webhook } = yield* inbox(client, [forward(url)])
      const body = '{ "zen":  "caf\u00e9", "n": 12345678901234567890 }'
      yield* postText(body, "ping", "one", {
        "content-type": "application/json",
        authorization: "Bearer s3cret",
        cookie: "session=s3cret"
      })
      const [message] = yield* allStand(client, webhook.id, "handled", 1)
      const delivered = yield* only(got)
      assert.strictEqual(delivered.body, body)
      const { secret } = yield* client.webhooks.getInboundWebhookSecret({ params: { id: webhook.id } })
      const read = new Webhook(Redacted.value(secret)).verify(body, signatureOf(delivered))
      assert.deepInclude(read, { zen: "caf\u00e9" })
      assert.deepInclude(delivered.headers, {
        "webhook-id": message?.id,
        "webhook-verified": "true",
        "webhook-hops": "1",
        "content-type": "application/json",
        "forwarded-content-type": "application/json",
        "forwarded-x-github-event": "ping",
        "forwarded-x-github-delivery": "one"
      })
      assert.notInclude(JSON.stringify(delivered.headers), "s3cret")
      assert.strictEqual(handlingOf(message, "forward")?.attemptLog[0]?.status, 204)
    })
  )

  it.effect("a URL that fails is tried again, not before it asks for it, with the same id", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      let answers = 0
      const { got, url } = yield* receiverWith((response) => {
        answers += 1
        response.writeHead(answers === 1 ? 503 : 204, answers === 1 ? { "retry-after": "600" } : {}).end()
      })
      const { post, webhook } = yield* inbox(client, [forward(url)])
      yield* post({ n: 1 })
      const [failed] = yield* allStand(client, webhook.id, "failed", 1)
      const handling = handlingOf(failed, "forward")
      assert.deepInclude(handling?.attemptLog[0], { number: 1, status: 503, error: "Status" })
      const wait =
        (handling?.nextAttemptAt?.epochMilliseconds ?? 0) - (failed?.receivedAt.epochMilliseconds ?? 0)
      assert.isAtLeast(wait, 600_000)
      yield* fastForward(webhook.id)
      yield* allStand(client, webhook.id, "handled", 1)
      assert.deepStrictEqual(new Set(got.map(({ headers }) => headers["webhook-id"])).size, 1)
      assert.strictEqual(got.length, 2)
    })
  )

  it.effect("an event of the tenant's is made once, in the commit that says so, with all that is known", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const route: Route = { name: "event", to: { type: "event", eventType: "github.{type}" } }
      const { post, postText, webhook } = yield* inbox(client, [route])
      yield* post({ ref: "main" }, "push", "one")
      yield* postText("no JSON at all", "odd type!", "two")
      const [first, second] = yield* allStand(client, webhook.id, "handled", 2)
      const { items } = yield* client.events.listEvents({ query: { limit: 100 } })
      const made = items.filter(({ type }) => type.startsWith("github."))
      assert.deepStrictEqual(made.map(({ subject, type }) => ({ subject, type })).toReversed(), [
        { subject: first?.id, type: "github.push" },
        { subject: second?.id, type: "github.odd_type_" }
      ])
      const [odd, push] = yield* Effect.forEach(made, ({ data }) => dataOf(data))
      assert.deepStrictEqual(push?.payload, { ref: "main" })
      assert.strictEqual(push?.message.id, first?.id)
      assert.deepInclude(push?.message, {
        webhookId: webhook.id,
        source: "github",
        externalId: "one",
        eventType: "push",
        verified: true,
        hops: 1
      })
      assert.strictEqual(push?.message.headers["x-github-event"], "push")
      assert.strictEqual(Buffer.from(odd?.body ?? "", "base64").toString(), "no JSON at all")
    })
  )

  it.effect("an outbound webhook gets it alone, by the way of all its deliveries", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const { got, url } = yield* receiver
      const target = yield* endpoint(client, url)
      const bystander = yield* endpoint(client, url, { eventTypes: ["*"] })
      const route: Route = {
        name: "endpoint",
        to: { type: "endpoint", webhookId: target.id, eventType: "github.received" }
      }
      const { post, webhook } = yield* inbox(client, [route])
      yield* post({ n: 1 }, "push", "one")
      yield* allStand(client, webhook.id, "handled", 1)
      yield* eventually(deliveriesTo(client, target.id), ([one]) => one?.state === "succeeded")
      const delivered = yield* only(got)
      new Webhook(Redacted.value(target.secret)).verify(delivered.body, signatureOf(delivered))
      const { data, type } = yield* Schema.decodeEffect(
        Schema.fromJsonString(Schema.Struct({ type: Schema.String, data: Data }))
      )(delivered.body)
      assert.strictEqual(type, "github.received")
      assert.deepStrictEqual(data.payload, { n: 1 })
      assert.deepStrictEqual(yield* deliveriesTo(client, bystander.id), [])
    })
  )

  it.effect("what cannot be is a dead letter that says why", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const { url } = yield* receiver
      const target = yield* endpoint(client, url)
      yield* client.events.createEventType({
        payload: { name: "strict", schema: { type: "object", required: ["nothing like this"] } }
      })
      const { post, webhook } = yield* inbox(client, [
        { name: "gone", to: { type: "endpoint", webhookId: target.id, eventType: "a" } },
        { name: "strict", to: { type: "event", eventType: "strict" } },
        { name: "type", to: { type: "event", eventType: "{type}" } }
      ])
      yield* client.webhooks.removeOutboundWebhook({ params: { id: target.id } })
      yield* post({ n: 1 }, "webhook:received")
      const [message] = yield* eventually(
        messagesOf(client, webhook.id),
        ([one]) => one?.handlings.every(({ state }) => state === "dead") === true
      )
      assert.include(handlingOf(message, "gone")?.error, "no longer there")
      assert.include(handlingOf(message, "strict")?.error, "does not fit its type")
      assert.include(handlingOf(message, "type")?.error, "no event type")
      const { items } = yield* client.events.listEvents({ query: { limit: 100 } })
      assert.isFalse(items.some(({ type }) => type === "strict" || type === "a"))
    })
  )

  it.effect("what nobody proved is marked wherever it goes", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const { got, url } = yield* receiver
      const routes: ReadonlyArray<Route> = [
        forward(url),
        { name: "event", to: { type: "event", eventType: "anybody" } }
      ]
      const { post, webhook } = yield* inbox(client, routes, { scheme: { type: "none" }, secrets: [] })
      yield* post({ n: 1 })
      const [message] = yield* allStand(client, webhook.id, "handled", 1)
      assert.isFalse(message?.verified)
      assert.strictEqual((yield* only(got)).headers["webhook-verified"], "false")
      const { items } = yield* client.events.listEvents({ query: { limit: 1, type: "anybody" } })
      assert.isFalse((yield* dataOf(items[0]?.data)).message.verified)
    })
  )

  it.effect("webhooks that forward to each other come to an end", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const sql = yield* SqlClient.SqlClient
      const loop = { ...forward("http://127.0.0.1:1/"), name: "loop" }
      const unproved = { scheme: { type: "none" }, secrets: [], dedupe: { by: "nothing" } } as const
      const { post, url, webhook } = yield* inbox(client, [loop], unproved)
      yield* client.webhooks.updateInboundWebhook({
        params: { id: webhook.id },
        payload: { routes: [{ ...loop, to: { type: "url", url } }] }
      })
      yield* post({ n: 1 })
      const messages = yield* eventually(messagesOf(client, webhook.id), (all) =>
        all.some(({ state }) => state === "dead")
      )
      assert.strictEqual(messages.length, 6)
      assert.include(handlingOf(messages.at(-1), "loop")?.error, "circle")
      const due = yield* sql`SELECT FROM unhandled WHERE webhook_id = ${webhook.id} AND due_at IS NOT NULL`
      assert.strictEqual(due.length, 0)
    })
  )

  it.effect("a customer's message goes to no other customer's endpoint", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const { got, url } = yield* receiver
      const [alice, bob] = [CustomerId.make("alice"), CustomerId.make("bob")]
      const hers = yield* endpoint(client, url, { eventTypes: ["*"], customerId: alice })
      const his = yield* endpoint(client, url, { eventTypes: ["*"], customerId: bob })
      const route: Route = { name: "event", to: { type: "event", eventType: "order" } }
      const { post, webhook } = yield* inbox(client, [route], { customerId: alice })
      yield* post({ n: 1 })
      yield* allStand(client, webhook.id, "handled", 1)
      yield* eventually(
        Effect.sync(() => got.length),
        (count) => count > 0
      )
      const types = (yield* deliveriesTo(client, hers.id)).map(({ eventType }) => eventType)
      assert.deepStrictEqual(types, ["order"])
      assert.deepStrictEqual(yield* deliveriesTo(client, his.id), [])
    })
  )

  it.effect("what tells of a webhook is not told of again where it comes in", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const unproved = { scheme: { type: "none" }, secrets: [] } as const
      const { post, url, webhook } = yield* inbox(client, [], unproved)
      yield* endpoint(client, url, { eventTypes: ["webhook:received"] })
      yield* endpoint(client, url, { eventTypes: ["webhook:received"] })
      yield* post({ n: 1 })
      yield* eventually(messagesOf(client, webhook.id), (all) => all.length === 3)
      const told = yield* client.events.listEvents({ query: { limit: 100, type: "webhook:received" } })
      assert.strictEqual(told.items.length, 1)
      // A stranger's event of that name is told of like any other.
      yield* post({ type: "webhook:received" })
      yield* eventually(messagesOf(client, webhook.id), (all) => all.length === 6)
    })
  )

  it.effect("a body that is nested too deep for an event is a dead letter at once", () =>
    Effect.gen(function* () {
      const { client } = yield* newTenant
      const route: Route = { name: "event", to: { type: "event", eventType: "deep" } }
      const { postText, webhook } = yield* inbox(client, [route])
      yield* postText("[".repeat(100_000) + "]".repeat(100_000))
      const [message] = yield* allStand(client, webhook.id, "dead", 1)
      assert.include(handlingOf(message, "event")?.error, "nested too deep")
      assert.strictEqual(handlingOf(message, "event")?.attempts, 1)
    })
  )
})
