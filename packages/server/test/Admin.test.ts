import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { freePort } from "../../../scripts/FreePort.ts"
import { AppConfig } from "../src/Config.ts"
import { TestService } from "./support/TestService.ts"

const withAdmin = Layer.unwrap(
  Effect.map(freePort, (port) => TestService.layerWith({ admin: Option.some({ host: "127.0.0.1", port }) }))
)

layer(withAdmin, { excludeTestServices: true, timeout: "60 seconds" })("the admin port", (it) => {
  it.effect("shows metrics and health to operators only", () =>
    Effect.gen(function* () {
      const { url } = yield* TestService
      const { port } = Option.getOrThrow((yield* AppConfig).admin)
      const status = (address: string) => Effect.promise(async () => (await fetch(address)).status)
      assert.strictEqual(yield* status(`http://127.0.0.1:${port}/metrics`), 200)
      assert.strictEqual(yield* status(`http://127.0.0.1:${port}/readyz`), 200)
      assert.strictEqual(yield* status(`http://127.0.0.1:${port}/v1/tenants`), 404)
      assert.strictEqual(yield* status(`${url}/metrics`), 404)
      assert.strictEqual(yield* status(`${url}/readyz`), 200)
    })
  )
})
