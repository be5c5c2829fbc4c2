import { assert, layer } from "@effect/vitest"
import { Effect, Option } from "effect"
import { createServer } from "node:net"
import { TestService } from "./support/TestService.ts"

/** A port that nobody listens on just now. */
const freePort = await new Promise<number>((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
  })
})

layer(TestService.layerWith({ admin: Option.some({ host: "127.0.0.1", port: freePort }) }), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("the admin port", (it) => {
  it.effect("shows metrics and health to operators only", () =>
    Effect.gen(function* () {
      const { url } = yield* TestService
      const status = (address: string) => Effect.promise(async () => (await fetch(address)).status)
      assert.strictEqual(yield* status(`http://127.0.0.1:${freePort}/metrics`), 200)
      assert.strictEqual(yield* status(`http://127.0.0.1:${freePort}/readyz`), 200)
      assert.strictEqual(yield* status(`http://127.0.0.1:${freePort}/v1/tenants`), 404)
      assert.strictEqual(yield* status(`${url}/metrics`), 404)
      assert.strictEqual(yield* status(`${url}/readyz`), 200)
    })
  )
})
