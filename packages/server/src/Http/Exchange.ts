import {
  InternalError,
  InvalidRequest,
  MethodNotAllowed,
  PayloadTooLarge,
  RequestTimeout,
  TooManyRequests,
  Unauthorized,
  UnsupportedMediaType
} from "@do-integrations/domain/Problem"
import { ByteSize, Cause, Duration, Effect, Layer, LogLevel, Option, Tracer } from "effect"
import {
  HttpIncomingMessage,
  HttpMiddleware,
  HttpServerError,
  HttpServerRequest,
  HttpServerRespondable,
  HttpServerResponse,
  HttpTraceContext
} from "effect/http"
import { HttpApiError } from "effect/http-api"
import { faultsOf } from "./Faults.ts"

/** A route as logs and spans name it. Real paths and queries stay out of both: tokens live there. */
export interface Route {
  /** The template, such as `/v1/events/:id`. */
  readonly path: string
  /** The largest body that the platform reads for the route, in bytes; left out: the route reads its own. */
  readonly maxBody?: number
  /**
   * What the trace is to it that a request names: the one it belongs to, unless it is only linked. A stranger's request
   * does not decide which of our traces are kept.
   */
  readonly trace?: "linked"
}

/** The problem that stands for a failure. A domain error is one already; what is unforeseen is a bug. */
const problemOf = (error: unknown, { maxBody }: Route): HttpServerRespondable.Respondable | undefined => {
  if (HttpApiError.HttpApiSchemaError.is(error)) {
    return error.kind === "Body" || error.kind === "ResponseHeaders"
      ? undefined
      : new InvalidRequest({ errors: faultsOf(error.kind.toLowerCase(), error.cause) })
  }
  if (error instanceof HttpServerError.HttpServerError) {
    if (error.reason._tag !== "RequestParseError") return undefined
    return error.reason.reason === "BodyTooLarge"
      ? new PayloadTooLarge(maxBody === undefined ? {} : { maxBytes: maxBody })
      : new InvalidRequest({ detail: "The body cannot be read" })
  }
  return HttpServerRespondable.isRespondable(error) ? error : undefined
}

/** The headers that go with some statuses (RFC 9110, sections 10.2.1, 10.2.3, 11.6.1 and 15.5.9). */
const headersFor = (error: unknown): Readonly<Record<string, string>> => {
  if (error instanceof MethodNotAllowed) return { allow: error.allow.join(", ") }
  if (error instanceof RequestTimeout) return { connection: "close" }
  if (error instanceof TooManyRequests) return { "retry-after": String(error.retryAfter) }
  return error instanceof Unauthorized ? { "www-authenticate": "Bearer" } : {}
}

const failed = Effect.fnUntraced(function* (cause: Cause.Cause<unknown>, route: Route) {
  const reason = cause.reasons.find((one) => one._tag !== "Interrupt")
  const error = reason?._tag === "Fail" ? reason.error : reason?.defect
  const problem = problemOf(error, route)
  if (problem !== undefined) {
    return HttpServerResponse.setHeaders(yield* HttpServerRespondable.toResponse(problem), headersFor(error))
  }
  yield* Effect.logError("A request failed", cause)
  const { traceId } = yield* Effect.orDie(Effect.currentSpan)
  return yield* HttpServerRespondable.toResponse(new InternalError({ traceId }))
})

const unsupported = HttpServerRespondable.toResponse(
  new UnsupportedMediaType({ detail: "Expected application/json" })
)

/** Puts into the span of the exchange, which belongs to the caller's trace where the request names one, or links to it. */
const spanned = <A, E, R>(effect: Effect.Effect<A, E, R>, { path, trace }: Route) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers, method }) => {
    const caller = Option.getOrUndefined(HttpTraceContext.fromHeaders(headers))
    const links = trace === "linked" && caller !== undefined ? [{ span: caller, attributes: {} }] : []
    return Effect.withSpan(effect, `${method} ${path}`, {
      kind: "server",
      ...(trace === "linked" ? { root: true, links } : { parent: caller }),
      attributes: { "http.request.method": method, "http.route": path },
      captureStackTrace: false
    })
  })

/** Tells span and log what the answer was. */
const told = Effect.fnUntraced(function* <R>(
  answer: Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>,
  { path }: Route
) {
  const { method } = yield* HttpServerRequest.HttpServerRequest
  const [time, response] = yield* Effect.timed(answer)
  const { status } = response
  yield* Effect.annotateCurrentSpan({ "http.response.status_code": status })
  yield* Effect.logDebug("Answered").pipe(
    Effect.annotateLogs({ method, route: path, status, ms: Math.round(Duration.toMillis(time)) })
  )
  return response
})

/**
 * One exchange with a client: whatever the handler comes to becomes an answer, every failure a problem
 * document, and span and log name the route. An interrupted exchange stays interrupted.
 */
export const exchange =
  (route: Route) =>
  <E, R>(
    handler: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
  ): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R | HttpServerRequest.HttpServerRequest> => {
    const limited =
      route.maxBody === undefined
        ? handler
        : Effect.provideService(handler, HttpIncomingMessage.MaxBodySize, ByteSize.bytes(route.maxBody))

    const answered = <R2>(
      failure: (cause: Cause.Cause<E>) => Effect.Effect<HttpServerResponse.HttpServerResponse, never, R2>
    ) =>
      Effect.matchCauseEffect(limited, {
        onSuccess: (response) => (response.status === 415 ? unsupported : Effect.succeed(response)),
        onFailure: (cause) => (Cause.hasInterruptsOnly(cause) ? Effect.interrupt : failure(cause))
      })

    const observed = spanned(
      told(
        answered((cause) => failed(cause, route)),
        route
      ),
      route
    )
    // A bug has the trace's id in its answer and in the log even then.
    const unobserved = answered((cause) => spanned(failed(cause, route), route))

    return Effect.flatMap(Tracer.Tracer, (tracer) =>
      Effect.flatMap(LogLevel.isEnabled("Debug"), (debug) =>
        // The native tracer keeps no spans: a service that exports none need not make them.
        debug || tracer !== Tracer.nativeTracer ? observed : unobserved
      )
    )
  }

/** Turns the server's own spans off: they record real paths. {@link exchange} makes better ones. */
export const quiet = Layer.succeed(HttpMiddleware.TracerDisabledWhen, () => true)
