import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Tracer } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { exchange, type Route } from "../src/Http/Exchange.ts"

const traceId = "0af7651916cd43dd8448eb211c80319c"
const spanId = "b7ad6b7169203331"

/** The span of one exchange whose request names a trace. */
const spanOf = Effect.fnUntraced(function* (route: Route) {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const headers = { traceparent: `00-${traceId}-${spanId}-00` }
  const request = HttpServerRequest.fromWeb(new Request("http://x.test/in/token", { headers }))
  yield* exchange(route)(Effect.succeed(HttpServerResponse.empty())).pipe(
    Effect.provideService(HttpServerRequest.HttpServerRequest, request),
    Effect.provideService(Tracer.Tracer, tracer)
  )
  assert.lengthOf(spans, 1)
  const [span] = spans
  return span ?? (yield* Effect.die(new Error("No span")))
})

describe("the trace of an exchange", () => {
  it.effect("is the caller's", () =>
    Effect.gen(function* () {
      const span = yield* spanOf({ path: "/v1/x", maxBody: 0 })
      assert.strictEqual(span.traceId, traceId)
      assert.deepStrictEqual(
        Option.map(span.parent, (parent) => parent.spanId),
        Option.some(spanId)
      )
      assert.lengthOf(span.links, 0)
    })
  )

  it.effect("is its own where the caller's is only linked, sampled or not", () =>
    Effect.gen(function* () {
      const span = yield* spanOf({ path: "/in/:token", maxBody: 0, trace: "linked" })
      assert.notStrictEqual(span.traceId, traceId)
      assert.isTrue(Option.isNone(span.parent))
      assert.isTrue(span.sampled)
      assert.deepStrictEqual(
        span.links.map((link) => [link.span.traceId, link.span.spanId]),
        [[traceId, spanId]]
      )
    })
  )
})
