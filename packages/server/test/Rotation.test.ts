import { WebhookVerifier } from "@do-integrations/client/WebhookVerifier"
import type { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import type { OutboundWebhookId } from "@do-integrations/domain/Webhook/Outbound"
import { assert, layer } from "@effect/vitest"
import { DateTime, Effect, Layer, Redacted } from "effect"
import { Webhook } from "standardwebhooks"
import { eventually } from "./support/Eventually.ts"
import { type Delivered, receiver, signatureOf } from "./support/Receiver.ts"
import { assertRefused } from "./support/Refused.ts"
import { SetClock } from "./support/SetClock.ts"
import { TestService } from "./support/TestService.ts"
import { send } from "./support/Wire.ts"

type Client = IntegrationsClient["Service"]

const { day, hour } = { day: 86_400, hour: 3600 }

/** An endpoint that signs with both versions, and what its receiver gets of each new event. */
const endpoint = Effect.gen(function* () {
  const service = yield* TestService
  const { apiKey, client } = yield* service.tenant("Acme")
  const target = yield* receiver
  const created = yield* client.webhooks.createOutboundWebhook({
    payload: { url: target.url, eventTypes: ["invoice.*"], signatures: ["v1", "v1a"] }
  })
  const next = Effect.gen(function* () {
    const before = target.got.length
    yield* client.events.publishEvent({ payload: { type: "invoice.paid", data: {} } })
    yield* eventually(
      Effect.sync(() => target.got.length),
      (count) => count > before
    )
    return target.got[before] ?? (yield* Effect.die("Nothing came"))
  })
  return { apiKey, client, created, next, params: { id: created.id } }
})

const reads = (secret: Redacted.Redacted, request: Delivered) => {
  try {
    new Webhook(Redacted.value(secret)).verify(request.body, signatureOf(request))
    return true
  } catch {
    return false
  }
}

const rotate = (client: Client, params: { readonly id: OutboundWebhookId }, overlapSeconds?: number) =>
  client.webhooks.rotateOutboundWebhookSecret({
    params,
    payload: overlapSeconds === undefined ? {} : { overlapSeconds }
  })

const services = TestService.layer.pipe(Layer.provideMerge(SetClock.layer))

layer(services, { excludeTestServices: true, timeout: "60 seconds" })("signing secrets", (it) => {
  it.effect("are replaced by a request without a body as by one with nothing in it", () =>
    Effect.gen(function* () {
      const { apiKey, client, params } = yield* endpoint
      const key = apiKey.secret
      const at = `/v1/webhooks/outbound/${params.id}`
      const bodies = [{}, { body: {} }, { headers: { "content-type": "application/json" } }] as const
      for (const [index, request] of bodies.entries()) {
        const { status, text } = yield* send("POST", `${at}/rotate-secret`, { key, ...request })
        assert.strictEqual(status, 200, text)
        const { previous } = yield* client.webhooks.getOutboundWebhookSecret({ params })
        assert.lengthOf(previous, index + 1)
        const left = (previous[0]?.until.epochMilliseconds ?? 0) - (yield* DateTime.now).epochMilliseconds
        assert.approximately(left / 1000, day, 30)
      }
      for (const request of bodies) {
        yield* client.webhooks.pauseOutboundWebhook({ params })
        const { status, text } = yield* send("POST", `${at}/resume`, { key, ...request })
        assert.strictEqual(status, 200, text)
      }
      yield* client.webhooks.pauseOutboundWebhook({ params })
      assert.strictEqual((yield* client.webhooks.resumeOutboundWebhook({ params })).status, "active")
      for (const body of [1, [], { overlap: 1 }]) {
        assert.strictEqual((yield* send("POST", `${at}/rotate-secret`, { key, body })).status, 400)
        assert.strictEqual((yield* send("POST", `${at}/resume`, { key, body })).status, 400)
      }
    })
  )

  it.effect("are replaced in two steps: both sign for a while, and then the new one alone", () =>
    Effect.gen(function* () {
      const { client, created, next, params } = yield* endpoint
      const clock = yield* SetClock
      const rotated = yield* rotate(client, params)
      assert.notStrictEqual(Redacted.value(rotated.secret), Redacted.value(created.secret))
      assert.match(Redacted.value(rotated.secret), /^whsec_[A-Za-z0-9+/]{43}=$/)
      assert.notStrictEqual(rotated.publicKey, created.publicKey)
      const [previous] = rotated.previous
      assert.isDefined(previous)
      assert.lengthOf(rotated.previous, 1)
      assert.strictEqual(Redacted.value(previous.secret), Redacted.value(created.secret))
      assert.strictEqual(previous.publicKey, created.publicKey)
      const left = previous.until.epochMilliseconds - (yield* DateTime.now).epochMilliseconds
      assert.approximately(left / 1000, day, 30)

      const both = yield* next
      assert.match(String(both.headers["webhook-signature"]), /^v1,\S+ v1a,\S+ v1,\S+ v1a,\S+$/)
      const keys = [rotated.secret, created.secret, rotated.publicKey, created.publicKey].map((key = "") =>
        Redacted.isRedacted(key) ? key : Redacted.make(key)
      )
      for (const key of keys) {
        const verifier = yield* WebhookVerifier.make({ secrets: key })
        assert.lengthOf([yield* verifier.verify(both)].flat(), 1)
      }
      assert.isTrue(reads(rotated.secret, both))
      assert.isTrue(reads(created.secret, both))

      yield* clock.at(previous.until.epochMilliseconds)(
        Effect.gen(function* () {
          const present = yield* client.webhooks.getOutboundWebhookSecret({ params })
          assert.deepStrictEqual(present.previous, [])
          assert.strictEqual(present.publicKey, rotated.publicKey)
        })
      )
    })
  )

  it.effect("end at once where no overlap is wanted", () =>
    Effect.gen(function* () {
      const { client, created, next, params } = yield* endpoint
      const leaked = yield* rotate(client, params, 7 * day)
      const rotated = yield* rotate(client, params, 0)
      assert.deepStrictEqual(
        rotated.previous.map(({ secret }) => Redacted.value(secret)),
        [Redacted.value(created.secret)]
      )
      const request = yield* next
      assert.isTrue(reads(rotated.secret, request))
      assert.isTrue(reads(created.secret, request))
      assert.isFalse(reads(leaked.secret, request))
    })
  )

  it.effect("have at most four before them that still sign", () =>
    Effect.gen(function* () {
      const { client, params } = yield* endpoint
      const clock = yield* SetClock
      for (const hours of [1, 4, 3, 2]) yield* rotate(client, params, hours * hour)
      yield* assertRefused(rotate(client, params), "Unprocessable")
      const { previous } = yield* client.webhooks.getOutboundWebhookSecret({ params })
      assert.lengthOf(previous, 4)
      const first = Math.min(...previous.map(({ until }) => until.epochMilliseconds))
      const after = yield* clock.at(first)(rotate(client, params))
      assert.lengthOf(after.previous, 4)
    })
  )

  it.effect("are shown to whoever may see secrets, and the audit log tells who looked", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { apiKey, client, created, params } = yield* endpoint
      const keyWith = (scopes: ReadonlyArray<"secrets:read" | "webhooks:read" | "webhooks:write">) =>
        client.apiKeys.createApiKey({ payload: { name: "Key", scopes } })
      const reader = yield* keyWith(["secrets:read"])
      const writer = yield* keyWith(["webhooks:read", "webhooks:write"])
      const shown = yield* (yield* service.client(reader.secret)).webhooks.getOutboundWebhookSecret({
        params
      })
      assert.strictEqual(Redacted.value(shown.secret), Redacted.value(created.secret))
      assert.strictEqual(shown.publicKey, created.publicKey)
      assert.deepStrictEqual(shown.previous, [])
      yield* assertRefused(
        (yield* service.client(writer.secret)).webhooks.getOutboundWebhookSecret({ params }),
        "Forbidden",
        { requiredScope: "secrets:read" }
      )
      yield* rotate(yield* service.client(writer.secret), params, 60)
      const { items } = yield* client.audit.listAudit({ query: {} })
      assert.deepStrictEqual(
        items
          .filter(({ target }) => target === created.id)
          .map(({ action, actor, details }) => [action, actor, details]),
        [
          ["outbound_webhook.secret_rotated", writer.id, { overlapSeconds: 60 }],
          ["outbound_webhook.secret_disclosed", reader.id, {}],
          ["outbound_webhook.created", apiKey.id, {}]
        ]
      )
    })
  )
})
