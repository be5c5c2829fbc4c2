import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { run, service } from "./support/CommandLine.ts"

describe("doi webhooks, inbound", () => {
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

  it.effect("refuses settings that would mean nothing, before it asks anybody", () =>
    Effect.gen(function* () {
      const { asked, url } = yield* service({})
      const cases = [
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
    })
  )
})
