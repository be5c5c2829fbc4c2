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
        ["webhooks update who_01k9zv7q1zf2hrmwyejc9pq5ns", "Nothing to change: give a setting."],
        ["webhooks update-inbound whi_01k9zv7q1zf2hrmwyejc9pq5ns", "Nothing to change: give a setting."],
        [
          "webhooks update-inbound whi_01k9zv7q1zf2hrmwyejc9pq5ns --ordering-key customer.id",
          "--ordering-key needs --ordered beside it."
        ],
        [
          "webhooks update-inbound whi_01k9zv7q1zf2hrmwyejc9pq5ns --rate 5 --clear rate",
          "rateLimit: it cannot be given and cleared at once."
        ],
        [
          "webhooks update-inbound whi_01k9zv7q1zf2hrmwyejc9pq5ns --new-secret --new-secret",
          "Expected 2 secrets on standard input, each on a line of its own."
        ],
        [
          "webhooks create-inbound GitHub --scheme github --tolerance 60",
          "Scheme github has no toleranceSeconds."
        ]
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

  it.effect("makes inbound webhooks of flags, their secrets from standard input", () =>
    Effect.gen(function* () {
      const { asked, url } = yield* service({})
      const routes = [
        { name: "copy", to: { type: "url", url: "https://a.test/" } },
        { name: "own", eventTypes: ["push"], to: { type: "event", eventType: "github.{type}" } }
      ]
      const settings = {
        source: "github",
        routes,
        dedupe: { by: "path", path: "event.id" },
        eventType: { in: "body", path: "kind" },
        methods: ["POST", "PUT"],
        contentTypes: ["application/json"],
        allowedNetworks: ["192.0.2.0/24"],
        reply: { status: 200, body: "ok" },
        retry: { type: "list", delaysSeconds: [5] },
        concurrency: 3,
        rateLimit: 50,
        ordering: { whenExhausted: "skip", key: "customer.id" }
      }
      const flags = [
        ..."--source github --retry-delay 5 --concurrency 3 --rate 50 --allow 192.0.2.0/24".split(" "),
        ..."--method POST --method PUT --content-type application/json".split(" "),
        ..."--ordered skip --ordering-key customer.id".split(" "),
        ...routes.flatMap((route) => ["--route", JSON.stringify(route)]),
        "--dedupe",
        JSON.stringify(settings.dedupe),
        "--event-type",
        JSON.stringify(settings.eventType),
        "--reply",
        JSON.stringify(settings.reply)
      ]
      const hmac =
        "--scheme hmac --header X-Sig --timestamp-header X-Time --timestamp-unit milliseconds --tolerance 60 --template {timestamp}:{body} --secret-encoding hex".split(
          " "
        )
      const id = "whi_01k9zv7q1zf2hrmwyejc9pq5ns"
      const lines = [
        ["create-inbound", "GitHub", "--scheme", "github", ...flags],
        ["create-inbound", "Own", ...hmac],
        ["create-inbound", "Token", "--scheme", "header", "--header", "X-Token"],
        ["create-inbound", "Open", "--scheme", "none"],
        ["update-inbound", id, ...flags, "--name", "New", "--address", "closed", "--new-secret"]
      ]
      for (const line of lines) {
        yield* Effect.flip(run(["webhooks", ...line], { DOI_URL: url, DOI_API_KEY: "k" }, "hush\n"))
      }
      const secrets = ["hush"]
      const all = yield* asked
      assert.deepStrictEqual(
        all.map(({ body, request }): readonly [string, unknown] => [request, JSON.parse(body)]),
        [
          {
            name: "GitHub",
            scheme: { type: "github" },
            secrets,
            ...settings
          },
          {
            name: "Own",
            scheme: {
              type: "hmac",
              header: "X-Sig",
              algorithm: "sha256",
              encoding: "hex",
              timestampHeader: "X-Time",
              timestampUnit: "milliseconds",
              toleranceSeconds: 60,
              template: "{timestamp}:{body}",
              secretEncoding: "hex"
            },
            secrets
          },
          { name: "Token", scheme: { type: "header", name: "X-Token" }, secrets },
          { name: "Open", scheme: { type: "none" }, secrets: [] },
          { ...settings, name: "New", enabled: false, secrets }
        ].map((body, index): readonly [string, unknown] => [
          index === 4 ? `PATCH /v1/webhooks/inbound/${id}` : "POST /v1/webhooks/inbound",
          body
        ])
      )
    })
  )

  it.effect("takes settings of inbound webhooks away, and rotates their secrets", () =>
    Effect.gen(function* () {
      const { asked, url } = yield* service({})
      const update = ["webhooks", "update-inbound", "whi_01k9zv7q1zf2hrmwyejc9pq5ns"]
      const flags = "route dedupe event-type method content-type allow rate reply retry-delay ordered".split(
        " "
      )
      const lines = [
        [...update, ...flags.flatMap((flag) => ["--clear", flag])],
        [...update, "--new-secret", "--new-secret"]
      ]
      for (const line of lines) {
        yield* Effect.flip(run(line, { DOI_URL: url, DOI_API_KEY: "k" }, "new\nold\n"))
      }
      const all = yield* asked
      assert.deepStrictEqual(
        all.map(({ body }): unknown => JSON.parse(body)),
        [
          {
            routes: [],
            dedupe: null,
            eventType: null,
            methods: ["POST"],
            contentTypes: null,
            allowedNetworks: null,
            rateLimit: null,
            reply: null,
            retry: { type: "default" },
            ordering: null
          },
          { secrets: ["new", "old"] }
        ]
      )
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
