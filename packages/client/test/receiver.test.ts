import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import { HttpBody, HttpClient } from "effect/http"
import { program } from "../../../examples/receiver.ts"
import { atNow, crypto, makeKeys, signed } from "./support/SignedWebhooks.ts"

describe("examples/receiver", () => {
  it.effect("verifies with each of its secrets while one is rotated, and with no other", () =>
    Effect.gen(function* () {
      yield* atNow
      const [old, present, foreign] = yield* Effect.all([makeKeys, makeKeys, makeKeys])
      const both = [old, present].map(({ secret }) => Redacted.value(secret)).join(", ")
      const server = program.pipe(
        Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ WEBHOOK_SECRETS: both }))),
        Layer.provideMerge(NodeHttpServer.layerTest)
      )
      const statuses = yield* Effect.forEach([old, present, foreign], (keys) =>
        Effect.gen(function* () {
          const { body, headers } = yield* signed([keys.hmac])
          const { status } = yield* HttpClient.post("/hooks", { headers, body: HttpBody.raw(body) })
          return status
        })
      ).pipe(Effect.provide(server))
      assert.deepStrictEqual(statuses, [204, 204, 401])
    }).pipe(Effect.provide(crypto))
  )
})
