import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { problemOf } from "./support/ProblemDocument.ts"
import { sendRaw } from "./support/RawHttp.ts"
import { bearer, type Case, get, json, patch, post, refuseAll } from "./support/Refusals.ts"
import { TestService } from "./support/TestService.ts"

const outbound = "/v1/webhooks/outbound"
const nobody = `${outbound}/who_01ja5c3v9tfk8b0000000000aa`
const base = { url: "https://127.0.0.1/hooks", eventTypes: ["*"] }

/** A webhook with one setting that is wrong, when it is created and when it is changed. */
const setting = (name: string, value: unknown, where = name): ReadonlyArray<Case> => {
  const what = `${name}: ${JSON.stringify(value)?.slice(0, 80)}`
  return [
    [`${what}, created`, post(outbound, { ...base, [name]: value }), 400, `payload.${where}`],
    [`${what}, changed`, patch(nobody, { [name]: value }), 400, `payload.${where}`]
  ]
}

const list = (length: number, delay: number) => ({
  type: "list",
  delaysSeconds: Array.from({ length }, () => delay)
})

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })("outbound input", (it) => {
  it.effect("that is no webhook is refused where it is wrong", () =>
    refuseAll([
      ...setting("eventTypes", ["invoice*"], "eventTypes.0"),
      ...setting("eventTypes", ["*.paid"], "eventTypes.0"),
      ...setting("eventTypes", []),
      ...setting("channels", []),
      ...setting("channels", ["a b"], "channels.0"),
      ...setting("channels", ["a", "a"]),
      ...setting("filter", { amount: { $above: 1 } }, "filter.amount"),
      ...setting("signatures", []),
      ...setting("signatures", ["v2"], "signatures.0"),
      ...setting("headers", [{ name: "Webhook-Id", value: "a" }], "headers.0.name"),
      ...setting("headers", [{ name: "Host", value: "a" }], "headers.0.name"),
      ...setting("headers", [{ name: "X-A", value: "a\r\nX-B: b" }], "headers.0.value"),
      ...setting(
        "headers",
        [
          { name: "X-A", value: "a" },
          { name: "x-a", value: "b" }
        ],
        "headers.1.name"
      ),
      ...setting("retry", { type: "never" }),
      ...setting("retry", list(30, 1), "retry.delaysSeconds"),
      ...setting("retry", list(2, 1_300_000), "retry.delaysSeconds"),
      ...setting(
        "retry",
        { type: "linear", initialSeconds: 1, incrementSeconds: 1, maxAttempts: 31 },
        "retry.maxAttempts"
      ),
      ...setting("retry", { type: "exponential", initialSeconds: 3600, maxAttempts: 20 }),
      ...setting("concurrency", 0),
      ...setting("concurrency", 101),
      ...setting("rateLimit", 0),
      ...setting("rateLimit", 10_001),
      ...setting("timeoutSeconds", 31),
      ...setting("timeoutSeconds", 0.5),
      ...setting("ordering", { key: "$.customer", whenExhausted: "block" }, "ordering.key"),
      ...setting("ordering", { whenExhausted: "wait" }, "ordering.whenExhausted"),
      ...setting("batching", { maxEvents: 1, maxWaitMs: 0 }, "batching.maxEvents"),
      ...setting("batching", { maxEvents: 2, maxWaitMs: 60_001 }, "batching.maxWaitMs"),
      ...setting("disableAfterHours", 721),
      ...setting("status", "active"),
      ["a URL of none", patch(nobody, { url: null }), 400, "payload.url"],
      ["another customer", patch(nobody, { customerId: "bob" }), 400, "payload.customerId"]
    ])
  )

  it.effect("that asks for what cannot be is refused", () =>
    refuseAll([
      [
        "an event of the platform's",
        post(`${nobody}/trigger`, { type: "webhook:sent", data: 1 }),
        400,
        "payload.type"
      ],
      ["no data", post(`${nobody}/trigger`, { type: "a.b" }), 400, "payload.data"],
      [
        "a long wait",
        post(`${nobody}/trigger`, { type: "a.b", data: 1, waitSeconds: 31 }),
        400,
        "payload.waitSeconds"
      ],
      [
        "an overlap of eight days",
        post(`${nobody}/rotate-secret`, { overlapSeconds: 691_200 }),
        400,
        "payload.overlapSeconds"
      ],
      ["no time to recover from", post(`${nobody}/recover`, {}), 400, "payload.since"],
      ["a time that is none", post(`${nobody}/recover`, { since: "yesterday" }), 400, "payload.since"],
      [
        "what succeeded",
        post(`${nobody}/recover`, { since: "2026-01-01T00:00:00Z", states: ["succeeded"] }),
        400,
        "payload.states.0"
      ],
      ["a time to resume from", post(`${nobody}/resume`, { recoverSince: 1 }), 400, "payload.recoverSince"],
      ["an hour that is none", get(`${nobody}/statistics?since=now`), 400, "query.since"],
      [
        "a delivery of another kind",
        post("/v1/deliveries/who_01ja5c3v9tfk8b0000000000aa/retry", {}),
        400,
        "params.id"
      ],
      ["a job that nobody has", get("/v1/jobs/job_01ja5c3v9tfk8b0000000000aa"), 404],
      ["a job of another kind", get("/v1/jobs/dlv_01ja5c3v9tfk8b0000000000aa"), 400, "params.id"],
      ...["trigger", "test", "rotate-secret", "pause", "resume", "recover", "cancel"].map((act): Case => {
        const bodies: Record<string, unknown> = {
          trigger: { type: "a.b", data: 1 },
          recover: { since: "2026-01-01T00:00:00Z" }
        }
        return [`to ${act} what nobody has`, post(`${nobody}/${act}`, bodies[act] ?? {}), 404]
      }),
      ...["retry", "cancel"].map((act): Case => [
        `to ${act} what nobody has`,
        post(`/v1/deliveries/dlv_01ja5c3v9tfk8b0000000000aa/${act}`, {}),
        404
      ])
    ])
  )

  it.effect("of an address that may not be called is refused with the reason", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { apiKey, client } = yield* service.tenant("Acme")
      const { id } = yield* client.webhooks.createOutboundWebhook({ payload: base })
      const headers = { ...json, ...bearer(apiKey.secret) }
      for (const [url, reason] of [
        ["https://10.0.0.1/hooks", /private/i],
        ["https://169.254.169.254/latest", /169\.254|metadata|link/i],
        ["https://[::1]/", /loopback/i],
        ["http://203.0.113.7/", /https|documentation/i],
        ["https://does-not-exist.invalid/", /is refused: un/]
      ] as const) {
        for (const request of [post(outbound, { ...base, url }), patch(`${outbound}/${id}`, { url })]) {
          const answer = yield* sendRaw(service.url, {
            ...request,
            headers: { ...request.headers, ...headers }
          })
          assert.strictEqual(answer.status, 422, answer.body)
          const [fault] = problemOf(answer).errors ?? []
          assert.deepStrictEqual(fault?.path, ["payload", "url"])
          assert.match(fault?.message ?? "", reason)
        }
      }
    })
  )

  it.effect("with an Idempotency-Key of another request is refused", () =>
    Effect.gen(function* () {
      const service = yield* TestService
      const { apiKey, client } = yield* service.tenant("Acme")
      const { id } = yield* client.webhooks.createOutboundWebhook({ payload: base })
      yield* client.webhooks.pauseOutboundWebhook({ params: { id } })
      const headers = { ...json, ...bearer(apiKey.secret), "idempotency-key": "same" }
      const ask = (path: string, body: unknown) =>
        sendRaw(service.url, { ...post(`${outbound}/${id}/${path}`, body), headers })
      assert.strictEqual((yield* ask("rotate-secret", {})).status, 200)
      assert.strictEqual((yield* ask("rotate-secret", { overlapSeconds: 1 })).status, 422)
      assert.strictEqual((yield* ask("test", {})).status, 422)
      assert.strictEqual((yield* ask("trigger", { type: "a.b", data: 1 })).status, 422)
      const { previous } = yield* client.webhooks.getOutboundWebhookSecret({ params: { id } })
      assert.lengthOf(previous, 1)
      assert.deepStrictEqual((yield* client.webhooks.listDeliveries({ query: {} })).items, [])
    })
  )
})
