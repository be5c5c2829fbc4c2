import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Option, Schema } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiMiddleware } from "effect/http-api"
import { Api } from "../src/Api.ts"
import { Problems, RootAuthorization } from "../src/Api/Middleware.ts"
import { TenantsApi } from "../src/Api/Tenants.ts"
import * as Problem from "../src/Problem.ts"

/** The operator's part alone, under the options of the whole. */
const part = HttpApi.make("part").add(TenantsApi).middleware(Problems).annotateMerge(Api.annotations)

const handlers = HttpApiBuilder.group(part, "tenants", (handlers) =>
  handlers.handleAll({
    createTenant: () => Effect.die(new Error("reached")),
    listTenants: () => Effect.succeed({ items: [] }),
    deleteTenant: () => Effect.fail(new Problem.NotFound()),
    recoverTenant: () => Effect.fail(new Problem.NotFound())
  })
)

const web = Effect.acquireRelease(
  Effect.sync(() =>
    HttpRouter.toWebHandler(
      HttpApiBuilder.layer(part).pipe(
        Layer.provide(handlers),
        Layer.provide([
          Layer.succeed(RootAuthorization, RootAuthorization.of({ rootKey: (next) => next })),
          HttpApiMiddleware.layerSchemaErrorTransform(Problems, (error) =>
            Effect.fail(new Problem.InvalidRequest({ detail: error.cause.message }))
          )
        ]),
        Layer.provideMerge(HttpServer.layerServices)
      ),
      { disableLogger: true }
    )
  ),
  ({ dispose }) => Effect.promise(dispose)
)

const ask = Effect.fnUntraced(function* (method: string, path: string, body?: unknown) {
  const { handler } = yield* web
  const request = new Request(`http://127.0.0.1${path}`, {
    method,
    headers: { authorization: "Bearer root", "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  const response = yield* Effect.promise(() => handler(request, Context.empty()))
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    text: yield* Effect.promise(() => response.text())
  }
})

describe("Api", () => {
  it.effect("refuses unknown fields and parameters, and names them", () =>
    Effect.gen(function* () {
      const payload = yield* ask("POST", "/v1/tenants", { name: "Acme", plan: "gold" })
      assert.strictEqual(payload.status, 400)
      assert.strictEqual(payload.type, "application/problem+json")
      assert.include(payload.text, "plan")
      const query = yield* ask("GET", "/v1/tenants?limit=1&offset=3")
      assert.strictEqual(query.status, 400)
      assert.include(query.text, "offset")
      assert.strictEqual((yield* ask("GET", "/v1/tenants?limit=1")).status, 200)
    })
  )

  it.effect("refuses what is out of bounds", () =>
    Effect.gen(function* () {
      for (const [method, path, body] of [
        ["GET", "/v1/tenants?limit=0"],
        ["GET", "/v1/tenants?limit=101"],
        ["GET", "/v1/tenants?limit=1.5"],
        ["GET", "/v1/tenants?cursor=%00"],
        ["DELETE", "/v1/tenants/key_01h455vb4pex5vsknk084sn02q"],
        ["POST", "/v1/tenants", {}],
        ["POST", "/v1/tenants", { name: "" }],
        ["POST", "/v1/tenants", { name: 1 }],
        ["POST", "/v1/tenants", []]
      ] as const) {
        assert.strictEqual((yield* ask(method, path, body)).status, 400, `${method} ${path}`)
      }
      assert.strictEqual((yield* ask("DELETE", "/v1/tenants/ten_01h455vb4pex5vsknk084sn02q")).status, 404)
    })
  )

  it("refuses them at every endpoint", () => {
    let endpoints = 0
    HttpApi.reflect(Api, {
      onGroup: () => undefined,
      onEndpoint: ({ endpoint, mergedAnnotations }) => {
        endpoints += 1
        for (const options of [
          Context.getOption(mergedAnnotations, HttpApi.PayloadParseOptions),
          Context.getOption(mergedAnnotations, HttpApi.QueryParseOptions)
        ]) {
          const { onExcessProperty } = Option.getOrThrow(options)
          assert.strictEqual(onExcessProperty, "error", endpoint.identifier)
        }
      }
    })
    assert.isAtLeast(endpoints, 40)
  })

  it("names each problem by a type of its own, and brings it back from JSON as it was", () => {
    const samples = [
      new Problem.InvalidRequest({ detail: "d", errors: [{ path: ["payload", 0], message: "m" }] }),
      new Problem.Unauthorized(),
      new Problem.InvalidSignature(),
      new Problem.Forbidden(),
      new Problem.AddressNotAllowed(),
      new Problem.NotFound(),
      new Problem.MethodNotAllowed({ allow: ["GET"] }),
      new Problem.RequestTimeout(),
      new Problem.Conflict({ detail: "d" }),
      new Problem.IllegalTransition({ from: "active", by: "connect" }),
      new Problem.IdempotencyConflict({ running: true }),
      new Problem.PayloadTooLarge({ maxBytes: 1 }),
      new Problem.UnsupportedMediaType(),
      new Problem.Unprocessable(),
      new Problem.TooManyRequests({ retryAfter: 1 }),
      new Problem.InternalError({ traceId: "t" }),
      new Problem.ProviderNotConfigured({ provider: "stripe", missingSettings: ["S"] }),
      new Problem.Unavailable()
    ]
    const { Fault: _, ...problems } = Problem
    const classes = Object.values(problems)
    assert.deepStrictEqual(
      samples.map(({ _tag }) => _tag).toSorted(),
      classes.map(({ name }) => name).toSorted()
    )
    const codec = Schema.toCodecJson(Schema.Union(classes))
    for (const problem of samples) {
      const json: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(codec)(problem)))
      assert.include(json, { type: problem.type, status: problem.status, title: problem.title })
      assert.match(problem.type, /^urn:do-integrations:problem:[a-z-]+$/)
      assert.deepEqual(Schema.decodeUnknownSync(codec)(json), problem)
      assert.isNotEmpty(problem.message)
    }
    assert.strictEqual(new Set(samples.map(({ type }) => type)).size, samples.length)
  })
})
