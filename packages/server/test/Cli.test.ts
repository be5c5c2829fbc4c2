import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Runtime } from "effect"
import { HttpServerResponse } from "effect/http"
import { TestClock, TestConsole } from "effect/testing"
import { problem, run, service } from "./support/CommandLine.ts"

const lines = Effect.map(TestConsole.logLines, (all) => all.join("\n").split("\n"))
const errors = Effect.map(TestConsole.errorLines, (all) => all.join("\n"))

const tenant = { id: "ten_01k9zv7q1zf2hrmwyejc9pq5ns", name: "Acme", createdAt: "2026-01-02T03:04:05.000Z" }
const integration = {
  id: "int_01k9zv7q1zf2hrmwyejc9pq5ns",
  type: "api_key",
  name: "Billing",
  baseUrl: "https://billing.example.com",
  placement: { in: "header", name: "X-Api-Key" },
  status: "active",
  createdAt: tenant.createdAt,
  updatedAt: tenant.createdAt
}

describe("doi", () => {
  it.effect("runs the service's own commands", () =>
    Effect.gen(function* () {
      yield* run(["serve"])
      yield* run(["migrate"])
      assert.deepStrictEqual(yield* lines, ["serving", "migrating"])
    })
  )

  it.effect("creates a tenant with the root key and shows its key once", () =>
    Effect.gen(function* () {
      const secret = "doi_shown_once"
      const apiKey = {
        id: "key_01k9zv7q1zf2hrmwyejc9pq5ns",
        name: "first",
        scopes: [],
        createdAt: tenant.createdAt
      }
      const { asked, url } = yield* service({
        "POST /v1/tenants": HttpServerResponse.jsonUnsafe(
          { tenant, apiKey: { ...apiKey, secret } },
          { status: 201 }
        )
      })
      yield* run(["--url", url, "tenants", "create", "Acme", "--json"], { ROOT_API_KEY: "root" })
      const answer: unknown = JSON.parse((yield* lines).join("\n"))
      assert.deepStrictEqual(answer, { tenant, apiKey: { ...apiKey, secret } })
      assert.deepStrictEqual(yield* asked, [
        { request: "POST /v1/tenants", authorization: "Bearer root", body: '{"name":"Acme"}' }
      ])
    })
  )

  it.effect("prints lists as tables and says how to go on", () =>
    Effect.gen(function* () {
      const { asked, url } = yield* service({
        "GET /v1/integrations?limit=2&customerId=c1": HttpServerResponse.jsonUnsafe({
          items: [integration, { ...integration, name: "Mail", status: "error", error: "401" }],
          nextCursor: "abc"
        })
      })
      yield* run(["integrations", "list", "--limit", "2", "--customer", "c1"], {
        DOI_URL: url,
        DOI_API_KEY: "k"
      })
      assert.deepStrictEqual(yield* lines, [
        "id                              name     status  baseUrl                      customerId  error",
        "int_01k9zv7q1zf2hrmwyejc9pq5ns  Billing  active  https://billing.example.com  -           -",
        "int_01k9zv7q1zf2hrmwyejc9pq5ns  Mail     error   https://billing.example.com  -           401",
        "More: --cursor abc"
      ])
      assert.strictEqual((yield* asked)[0]?.authorization, "Bearer k")
    })
  )

  it.effect("reads a credential from standard input, and prints it nowhere", () =>
    Effect.gen(function* () {
      const { asked, url } = yield* service({
        "POST /v1/integrations": HttpServerResponse.jsonUnsafe(integration, { status: 201 })
      })
      yield* run(
        ["integrations", "add", "Billing", integration.baseUrl, "--placement", "header:X-Api-Key"],
        { DOI_URL: url, DOI_API_KEY: "k" },
        "s3cret\n"
      )
      const body: unknown = JSON.parse((yield* asked)[0]?.body ?? "")
      assert.deepStrictEqual(body, {
        type: "api_key",
        name: "Billing",
        baseUrl: integration.baseUrl,
        placement: { in: "header", name: "X-Api-Key" },
        credential: "s3cret"
      })
      assert.include((yield* lines).join("\n"), "Billing")
      assert.notInclude(`${(yield* lines).join("\n")}${yield* errors}`, "s3cret")
    })
  )

  it.effect("tells a problem in one line with its faults, and fails", () =>
    Effect.gen(function* () {
      const { url } = yield* service({
        "POST /v1/events": problem(422, "unprocessable", "The request cannot be carried out as it stands", {
          detail: "The data does not fit the type's schema",
          errors: [{ path: ["payload", "data", "amount"], message: "Expected an integer" }]
        })
      })
      const error = yield* Effect.flip(
        run(["events", "publish", "invoice.paid", '{"amount":"4"}'], { DOI_URL: url, DOI_API_KEY: "k" })
      )
      assert.strictEqual(error._tag, "UserError")
      assert.isFalse(Runtime.getErrorReported(error))
      assert.include(
        yield* errors,
        "The request cannot be carried out as it stands: The data does not fit the type's schema " +
          "(payload.data.amount: Expected an integer)"
      )
      assert.deepStrictEqual(yield* TestConsole.logLines, [])
    })
  )

  it.effect("names the settings that a provider lacks", () =>
    Effect.gen(function* () {
      const { url } = yield* service({
        "POST /v1/deep-integrations/stripe/connect": problem(
          503,
          "provider-not-configured",
          "The provider is not configured",
          { provider: "stripe", missingSettings: ["STRIPE_SECRET_KEY"] }
        )
      })
      yield* Effect.flip(run(["deep", "connect", "stripe"], { DOI_URL: url, DOI_API_KEY: "k" }))
      assert.include(yield* errors, "The provider is not configured (STRIPE_SECRET_KEY)")
    })
  )

  it.effect("says how to start the service when none answers", () =>
    Effect.gen(function* () {
      const { url } = yield* Effect.scoped(service({}))
      yield* Effect.flip(run(["--url", url, "audit", "list"], { DOI_API_KEY: "k" }))
      assert.include(yield* errors, `No answer from ${url}/v1/audit. Start the service with \`npm start\``)
    })
  )

  it.effect("says which key is missing, and where the embedded service keeps its own", () =>
    Effect.gen(function* () {
      yield* Effect.flip(run(["keys", "list"]))
      assert.include(yield* errors, "No API key: give --api-key or set DOI_API_KEY.")
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      yield* Effect.flip(run(["tenants", "list"], { KEYS_DIR: directory }))
      assert.notInclude(yield* errors, directory)
      yield* fs.writeFileString(`${directory}/root-api-key`, "root")
      yield* Effect.flip(run(["tenants", "list"], { KEYS_DIR: directory }))
      assert.include(yield* errors, `The embedded service keeps its own in ${directory}/root-api-key.`)
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("fails when the audit chain is broken", () =>
    Effect.gen(function* () {
      const { url } = yield* service({
        "GET /v1/audit/verify": HttpServerResponse.jsonUnsafe({
          intact: false,
          sealed: 7,
          unsealed: 0,
          brokenAt: 3
        })
      })
      yield* Effect.flip(run(["audit", "verify"], { DOI_URL: url, DOI_API_KEY: "k" }))
      assert.include(yield* errors, "The audit chain is broken at entry 3")
    })
  )

  it.effect("follows events, one line for each", () =>
    Effect.gen(function* () {
      const event = {
        id: "evt_01k9zv7q1zf2hrmwyejc9pq5ns",
        type: "invoice.paid",
        data: { amount: 4 },
        createdAt: tenant.createdAt,
        position: "7-1"
      }
      const { url } = yield* service({
        "GET /v1/events/stream?type=invoice.paid": HttpServerResponse.text(
          `id: 7-1\nevent: event\ndata: ${JSON.stringify(event)}\n\n`,
          { contentType: "text/event-stream" }
        )
      })
      const tail = ["events", "tail", "--after", "5-1", "--type", "invoice.paid"]
      yield* Effect.forkChild(run(tail, { DOI_URL: url, DOI_API_KEY: "k" }))
      yield* TestClock.withLive(Effect.sleep("20 millis")).pipe(
        Effect.repeat({ until: () => Effect.map(TestConsole.logLines, (all) => all.length > 0) })
      )
      assert.deepStrictEqual(yield* lines, [`${tenant.createdAt}  7-1  invoice.paid  -  {"amount":4}`])
    })
  )

  it.effect("refuses malformed arguments before it asks the service", () =>
    Effect.gen(function* () {
      const { asked, url } = yield* service({})
      const settings = { DOI_URL: url, DOI_API_KEY: "k" }
      for (const args of [
        ["deliveries", "show", "evt_01k9zv7q1zf2hrmwyejc9pq5ns"],
        ["events", "publish", "integration:connected", "{}"],
        ["events", "publish", "invoice.paid", "{"],
        ["webhooks", "create-outbound", "ftp://example.com", "--event", "*"],
        [
          "webhooks",
          "create-outbound",
          "https://example.com",
          "--event",
          "*",
          "--filter",
          '{"a":{"$above":1}}'
        ],
        ["webhooks", "create-outbound", "https://example.com", "--event", "*", "--secret-header", "Host"],
        ["webhooks", "pause", "whi_01k9zv7q1zf2hrmwyejc9pq5ns"],
        ["webhooks", "recover", "who_01k9zv7q1zf2hrmwyejc9pq5ns"],
        ["webhooks", "recover", "who_01k9zv7q1zf2hrmwyejc9pq5ns", "--since", "yesterday"],
        ["deliveries", "list", "--state", "lost"],
        ["jobs", "show", "dlv_01k9zv7q1zf2hrmwyejc9pq5ns"],
        ["integrations", "add", "Billing", "https://example.com", "--placement", "cookie"],
        ["keys", "create", "all", "--scope", "everything"]
      ]) {
        assert.strictEqual((yield* Effect.flip(run(args, settings)))._tag, "ShowHelp")
      }
      assert.deepStrictEqual(yield* asked, [])
    })
  )

  it.effect("has help and completions for every command", () =>
    Effect.gen(function* () {
      for (const group of [
        "tenants",
        "keys",
        "integrations",
        "webhooks",
        "deliveries",
        "jobs",
        "events",
        "audit",
        "deep"
      ]) {
        yield* run([group, "--help"])
        assert.include((yield* lines).join("\n"), `doi ${group} <subcommand>`)
      }
      yield* run(["--completions", "bash"])
      assert.include((yield* lines).join("\n"), "create-outbound")
    })
  )
})
