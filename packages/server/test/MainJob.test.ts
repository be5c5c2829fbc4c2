import { assert, layer } from "@effect/vitest"
import { Effect, Redacted, Schedule } from "effect"
import { createHmac } from "node:crypto"
import { Webhook } from "standardwebhooks"
import { receiver } from "./support/Receiver.ts"
import { TestService } from "./support/TestService.ts"

const github = "It's a Secret to Everybody"

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("the main job", (it) => {
  it.effect("takes a signed webhook and delivers its event signed", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { client } = yield* service.tenant("Acme")
      const target = yield* receiver
      const endpoint = yield* client.webhooks.createOutboundWebhook({
        headers: {},
        payload: { url: target.url, eventTypes: ["webhook:received", "invoice.*"] }
      })
      const inbound = yield* client.webhooks.createInboundWebhook({
        headers: {},
        payload: {
          name: "GitHub",
          source: "github",
          scheme: { type: "github" },
          secrets: [Redacted.make(github)]
        }
      })
      const url = service.url + new URL(Redacted.value(inbound.url)).pathname
      const body = JSON.stringify({ zen: "Keep it logically awesome." })
      const post = (signature: string, id: string) =>
        Effect.promise(() =>
          fetch(url, {
            method: "POST",
            body,
            headers: {
              "content-type": "application/json",
              "x-github-event": "ping",
              "x-github-delivery": id,
              "x-hub-signature-256": signature
            }
          })
        )
      const good = `sha256=${createHmac("sha256", github).update(body).digest("hex")}`
      const refused = yield* post(
        good.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
        "1"
      )
      assert.strictEqual(refused.status, 401)
      const accepted = yield* post(good, "1")
      assert.strictEqual(accepted.status, 200)
      assert.include(yield* Effect.promise(() => accepted.json()), { duplicate: false })
      const repeated = yield* post(good, "1")
      assert.deepStrictEqual(yield* Effect.promise(() => repeated.json()), { duplicate: true })
      yield* client.events.publishEvent({
        headers: {},
        payload: { type: "invoice.paid", data: { amount: 42 } }
      })

      yield* Effect.suspend(() => (target.got.length >= 2 ? Effect.void : Effect.fail("waiting"))).pipe(
        Effect.retry(Schedule.spaced("20 millis")),
        Effect.timeout("20 seconds")
      )
      const verifier = new Webhook(Redacted.value(endpoint.secret).replace("whsec_", ""))
      const bodies = target.got.map(({ body, headers }) =>
        verifier.verify(body, {
          "webhook-id": String(headers["webhook-id"]),
          "webhook-timestamp": String(headers["webhook-timestamp"]),
          "webhook-signature": String(headers["webhook-signature"])
        })
      )
      assert.strictEqual(bodies.length, 2)
      const messages = yield* client.webhooks.listMessages({ query: {} })
      assert.strictEqual(messages.items.length, 1)
      const deliveries = yield* client.webhooks
        .listDeliveries({ query: { state: "succeeded" } })
        .pipe(
          Effect.repeat({ until: (page) => page.items.length === 2, schedule: Schedule.spaced("20 millis") }),
          Effect.timeout("20 seconds")
        )
      const [first] = deliveries.items
      assert.isDefined(first)
      const detail = yield* client.webhooks.getDelivery({ params: { id: first.id } })
      assert.strictEqual(detail.attemptLog[0]?.status, 204)
      const audit = yield* client.audit.verifyAudit()
      assert.isTrue(audit.intact)
    })
  )
})
