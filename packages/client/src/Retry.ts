import { ProviderNotConfigured } from "@do-integrations/domain/Problem"
import { Duration, Effect, Result, Schedule, Schema } from "effect"
import { Headers, HttpClient, HttpClientError, HttpClientResponse } from "effect/http"

/** The longest `Retry-After` that is waited for; a caller told to wait longer is told so at once. */
export const maxRetryAfter = Duration.seconds(30)

const transientStatus: ReadonlySet<number> = new Set([409, 429, 502, 503, 504])

const problemIn = HttpClientResponse.schemaBodyJson(
  Schema.Struct({ type: Schema.String, running: Schema.optionalKey(Schema.Boolean) })
)

/**
 * An answer that stays: an operator has to act before it changes, or it is a conflict. Of conflicts only one
 * passes: the request whose answer was lost is still being carried out under its Idempotency-Key.
 */
const isLasting = (response: HttpClientResponse.HttpClientResponse) =>
  problemIn(response).pipe(
    Effect.map(({ running, type }) =>
      response.status === 409 ? running !== true : type === ProviderNotConfigured.fields.type.schema.literal
    ),
    // Not a problem document: a proxy in between answered.
    Effect.orElseSucceed(() => response.status === 409)
  )

const mayRepeat = Effect.fnUntraced(function* (
  { request, response }: HttpClientError.HttpClientError,
  now: number
) {
  // A repeated POST acts twice, unless a key tells the service that it is the same one.
  if (request.method === "POST" && !("idempotency-key" in request.headers)) return false
  if (response === undefined) return true
  const retryAfter = Headers.parseRetryAfter(response.headers["retry-after"] ?? "").pipe(
    Result.map((header) => Headers.retryAfterDelay(header, now)),
    Result.getOrElse(() => Duration.zero)
  )
  return Duration.isLessThanOrEqualTo(retryAfter, maxRetryAfter) && !(yield* isLasting(response))
})

/**
 * When a transient failure is tried again: after 0.2, 0.4, 0.8, 1.6 and 3.2 s, each give or take a fifth.
 * Never a POST without `Idempotency-Key`, a provider that lacks its settings, or what is to wait for more
 * than {@link maxRetryAfter}.
 */
export const transientRetry = Schedule.exponential("200 millis").pipe(
  Schedule.jittered,
  Schedule.upTo({ times: 5 }),
  Schedule.setInputType<HttpClientError.HttpClientError>(),
  Schedule.while(({ input, now }) => mayRepeat(input, now))
)

/**
 * Retries broken connections, answers 429, 502, 503 and 504 and requests that are still running by {@link transientRetry}, never before the
 * time that `Retry-After` names. A removal whose answer was lost may so end in NotFound.
 */
export const retryTransient = (client: HttpClient.HttpClient) =>
  client.pipe(
    // As errors, so that answers and broken connections count together.
    HttpClient.filterStatus((status) => !transientStatus.has(status)),
    HttpClient.retryTransient({
      retryOn: "errors-only",
      while: (error) => HttpClientError.isHttpClientError(error) && error.response?.status === 409,
      schedule: transientRetry
    }),
    HttpClient.transformResponse(
      Effect.catchReason("HttpClientError", "StatusCodeError", ({ response }) => Effect.succeed(response))
    )
  )
