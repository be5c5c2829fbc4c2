import { CreatedTenant } from "@do-integrations/domain/Api/Tenants"
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { rootKey, TestService } from "./support/TestService.ts"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))

/** Runs `doi` as a person does, in a process of its own. */
const doi = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) =>
  Effect.callback<{ readonly code: number; readonly stdout: string; readonly stderr: string }>((resume) => {
    execFile(
      process.execPath,
      ["--conditions=@do-integrations/source", main, ...args],
      { env },
      (error, stdout, stderr) =>
        resume(Effect.succeed({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }))
    )
  })

layer(TestService.layer, { excludeTestServices: true, timeout: "60 seconds" })(
  "doi against a service",
  (it) => {
    it.effect("creates a tenant, publishes with its key and verifies the audit log", () =>
      Effect.gen(function* () {
        const { url } = yield* TestService
        const operator = { DOI_URL: url, ROOT_API_KEY: Redacted.value(rootKey) }
        const created = yield* doi(["tenants", "create", "Acme", "--json"], operator)
        assert.strictEqual(created.stderr, "")
        const { apiKey } = yield* Schema.decodeUnknownEffect(Schema.fromJsonString(CreatedTenant))(
          created.stdout
        )
        const tenant = { DOI_URL: url, DOI_API_KEY: Redacted.value(apiKey.secret) }
        const published = yield* doi(["events", "publish", "invoice.paid", '{"amount":42}'], tenant)
        assert.strictEqual(published.code, 0)
        const verified = yield* doi(["audit", "verify"], tenant)
        assert.strictEqual(verified.code, 0)
        const refused = yield* doi(["tenants", "list"], { ...operator, ROOT_API_KEY: "wrong" })
        assert.strictEqual(refused.code, 1)
        assert.include(refused.stderr, "A valid API key is required")
      })
    )
  }
)
