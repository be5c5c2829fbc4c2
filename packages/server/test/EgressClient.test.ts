import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpClient } from "effect/http"
import { Agent } from "undici"
import { clientBounds } from "../src/Egress/ClientBounds.ts"
import { errorCode } from "../src/Egress/EgressFailure.ts"
import { Egress, EgressFailure } from "../src/Egress.ts"
import { allClosed, cap, lookup, Receiver } from "./EgressReceiver.ts"

const guarded = Egress.layer({ allow: ["127.0.0.1/32"], lookup })

layer(Layer.merge(Egress.layerHttpClient.pipe(Layer.provide(guarded)), Receiver.layer), {
  excludeTestServices: true
})("Egress.layerHttpClient", (it) => {
  it.effect("answers under the same guard, without trace headers for strangers", () =>
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient
      const { port } = yield* Receiver
      const echo = yield* Effect.flatMap(client.get(`http://receiver.test:${port}/echo`), ({ text }) => text)
      const [method, path, , headers] = JSON.parse(echo)
      assert.deepStrictEqual([method, path], ["GET", "/echo"])
      assert.deepInclude(headers, { "accept-encoding": "identity" })
      assert.notProperty(headers, "traceparent")
      assert.strictEqual((yield* client.get(`http://receiver.test:${port}/redirect`)).status, 302)
      for (const url of [
        "http://10.0.0.5/",
        "http://private.test/",
        "https://169.254.169.254/",
        "http://8.8.8.8/"
      ]) {
        const { reason } = yield* Effect.flip(client.get(url))
        assert(reason._tag === "TransportError" && reason.cause instanceof EgressFailure)
        assert.strictEqual(reason.cause.reason._tag, "EgressDenied")
      }
    }).pipe(Effect.withSpan("caller"))
  )

  it.effect("ends a drip, a hang and silence within the client's bounds", () =>
    Effect.gen(function* () {
      const { port } = yield* Receiver
      const get = (path: string, bounds: { idle: number; total: number }) =>
        Effect.acquireUseRelease(
          Effect.sync(() => new Agent().compose(clientBounds(bounds))),
          (dispatcher) =>
            Effect.tryPromise({
              try: async () => {
                const answer = await dispatcher.request({
                  origin: `http://127.0.0.1:${port}`,
                  path,
                  method: "GET"
                })
                return await answer.body.text()
              },
              catch: (error) => (error instanceof EgressFailure ? error.reason : errorCode(error))
            }),
          (dispatcher) => Effect.promise(() => dispatcher.destroy())
        )
      const dripped = yield* Effect.flip(get("/drip", { idle: 5_000, total: 100 }))
      assert.deepInclude(dripped, { _tag: "Timeout", phase: "body" })
      const hung = yield* Effect.flip(get("/hang", { idle: 5_000, total: 100 }))
      assert.deepInclude(hung, { _tag: "Timeout", phase: "headers" })
      assert.strictEqual(
        yield* Effect.flip(get("/hang", { idle: 100, total: 5_000 })),
        "UND_ERR_HEADERS_TIMEOUT"
      )
      assert.strictEqual((yield* get("/exact", { idle: 100, total: 100 })).length, cap)
      yield* allClosed("/drip")
      yield* allClosed("/hang")
    })
  )
})
