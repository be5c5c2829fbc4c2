import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { run, service } from "./support/CommandLine.ts"

describe("doi webhooks", () => {
  it.effect("makes an outbound webhook of flags, its secret header from standard input", () =>
    Effect.gen(function* () {
      const { asked, url } = yield* service({})
      const args = ["webhooks", "create-outbound", "https://example.com/hooks", "--event", "invoice.*"]
      const settings = [
        "--channel",
        "eu",
        "--channel",
        "us",
        "--filter",
        '{"amount":{"$gt":100}}',
        "--signature",
        "v1a"
      ]
      const bounds = [
        "--retry-delay",
        "5",
        "--retry-delay",
        "60",
        "--rate",
        "50",
        "--concurrency",
        "2",
        "--timeout",
        "9"
      ]
      const order = [
        "--ordered",
        "block",
        "--ordering-key",
        "customer.id",
        "--batch",
        "10",
        "--batch-wait",
        "500"
      ]
      const headers = ["--header", "X-Region=eu-1", "--secret-header", "X-Api-Key"]
      yield* Effect.flip(
        run(
          [...args, ...settings, ...bounds, ...order, ...headers],
          { DOI_URL: url, DOI_API_KEY: "k" },
          "very secret\n"
        )
      )
      const [request] = yield* asked
      assert.strictEqual(request?.request, "POST /v1/webhooks/outbound")
      const body: unknown = JSON.parse(request?.body ?? "")
      assert.deepStrictEqual(body, {
        url: "https://example.com/hooks",
        eventTypes: ["invoice.*"],
        channels: ["eu", "us"],
        filter: { amount: { $gt: 100 } },
        signatures: ["v1a"],
        retry: { type: "list", delaysSeconds: [5, 60] },
        rateLimit: 50,
        concurrency: 2,
        timeoutSeconds: 9,
        ordering: { whenExhausted: "block", key: "customer.id" },
        batching: { maxEvents: 10, maxWaitMs: 500 },
        headers: [
          { name: "X-Region", value: "eu-1" },
          { name: "X-Api-Key", value: "very secret", secret: true }
        ]
      })
    })
  )

  it.effect("refuses settings that would mean nothing, before it asks anybody", () =>
    Effect.gen(function* () {
      const { asked, url } = yield* service({})
      const create = "webhooks create-outbound https://example.com/hooks --event a.b"
      const cases = [
        [`${create} --ordering-key customer.id`, "--ordering-key needs --ordered beside it."],
        [`${create} --batch-wait 500`, "--batch-wait needs --batch beside it."],
        ["webhooks update who_01k9zv7q1zf2hrmwyejc9pq5ns", "Nothing to change: give a setting."]
      ] as const
      for (const [line, message] of cases) {
        const failure = yield* Effect.flip(run(line.split(" "), { DOI_URL: url, DOI_API_KEY: "k" }))
        assert.deepInclude(failure, { userMessage: message })
      }
      assert.isEmpty(yield* asked)
      yield* Effect.flip(run(`${create} --batch 10`.split(" "), { DOI_URL: url, DOI_API_KEY: "k" }))
      const body: unknown = JSON.parse((yield* asked)[0]?.body ?? "")
      assert.deepInclude(body, { batching: { maxEvents: 10, maxWaitMs: 0 } })
    })
  )

  it.effect("asks for what is done to webhooks, deliveries, messages and jobs by hand", () =>
    Effect.gen(function* () {
      const { asked, url } = yield* service({})
      const [who, whi, dlv, job, msg] = ["who", "whi", "dlv", "job", "msg"].map(
        (prefix) => `${prefix}_01k9zv7q1zf2hrmwyejc9pq5ns`
      )
      const [from, to] = ["2026-01-02T03:04:05.000Z", "2026-02-02T03:04:05.000Z"]
      const at = `/v1/webhooks/outbound/${who}`
      const inbound = `/v1/webhooks/inbound/${whi}`
      const query = `since=${encodeURIComponent(from ?? "")}&until=${encodeURIComponent(to ?? "")}`
      const cases = [
        [`webhooks show ${who}`, `GET ${at}`],
        [
          `webhooks update ${who} --to https://a.test/ --event a.* --event b --rate 5 --concurrency 1 --description New`,
          `PATCH ${at}`,
          {
            url: "https://a.test/",
            eventTypes: ["a.*", "b"],
            description: "New",
            rateLimit: 5,
            concurrency: 1
          }
        ],
        [`webhooks remove ${who}`, `DELETE ${at}`],
        [`webhooks remove ${whi}`, `DELETE /v1/webhooks/inbound/${whi}`],
        [`webhooks show ${whi}`, `GET ${inbound}`],
        [`webhooks secret ${whi}`, `GET ${inbound}/secret`],
        [`webhooks rotate ${whi} --overlap 60`, `POST ${inbound}/rotate-secret`, { overlapSeconds: 60 }],
        [`webhooks rejections ${whi}`, `GET ${inbound}/rejections`],
        [
          `webhooks replay ${whi} --since ${from} --until ${to} --state dead --event a.* --route copy`,
          `POST ${inbound}/replay`,
          { since: from, until: to, states: ["dead"], eventTypes: ["a.*"], routes: ["copy"] }
        ],
        [
          `messages list --webhook ${whi} --state dead --event push --since ${from} --until ${to}`,
          `GET /v1/messages?webhookId=${whi}&state=dead&eventType=push&${query}`
        ],
        [`messages show ${msg}`, `GET /v1/messages/${msg}`],
        [`messages replay ${msg} --route copy`, `POST /v1/messages/${msg}/replay`, { routes: ["copy"] }],
        [`messages cancel ${msg}`, `POST /v1/messages/${msg}/cancel`],
        [`webhooks pause ${who}`, `POST ${at}/pause`],
        [`webhooks resume ${who}`, `POST ${at}/resume`, {}],
        [`webhooks resume ${who} --recover-since ${from}`, `POST ${at}/resume`, { recoverSince: from }],
        [`webhooks secret ${who}`, `GET ${at}/secret`],
        [`webhooks rotate ${who} --overlap 60`, `POST ${at}/rotate-secret`, { overlapSeconds: 60 }],
        [`webhooks statistics ${who} --since ${from} --until ${to}`, `GET ${at}/statistics?${query}`],
        [`webhooks test ${who}`, `POST ${at}/test`],
        [
          `webhooks trigger ${who} a.b {} --wait 5`,
          `POST ${at}/trigger`,
          { type: "a.b", data: {}, waitSeconds: 5 }
        ],
        [
          `webhooks recover ${who} --since ${from} --state failed --state skipped`,
          `POST ${at}/recover`,
          { since: from, states: ["failed", "skipped"] }
        ],
        [`webhooks cancel ${who}`, `POST ${at}/cancel`],
        [`deliveries retry ${dlv}`, `POST /v1/deliveries/${dlv}/retry`],
        [`deliveries cancel ${dlv}`, `POST /v1/deliveries/${dlv}/cancel`],
        [
          `deliveries list --undelivered --event a.b --webhook ${who} --since ${from} --until ${to}`,
          `GET /v1/deliveries?webhookId=${who}&undelivered=true&eventType=a.b&${query}`
        ],
        ["deliveries list --limit 3", "GET /v1/deliveries?limit=3"],
        [`jobs list --limit 3 --subject ${who}`, `GET /v1/jobs?limit=3&subject=${who}`],
        [`jobs show ${job}`, `GET /v1/jobs/${job}`],
        [`events publish a.b 1 --channel eu`, "POST /v1/events", { type: "a.b", data: 1, channels: ["eu"] }]
      ] as const
      // The service knows none of them: what matters here is what it is asked.
      for (const [line] of cases) {
        yield* Effect.flip(run(line.split(" "), { DOI_URL: url, DOI_API_KEY: "k" }))
      }
      const all = yield* asked
      assert.deepStrictEqual(
        all.map(({ body, request }): ReadonlyArray<unknown> =>
          body === "" ? [request] : [request, JSON.parse(body)]
        ),
        cases.map(([, ...expected]) => expected)
      )
    })
  )
})
