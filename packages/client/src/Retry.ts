import { Clock, Data, Duration, Effect, Result, Schedule, Schema } from "effect"
import {
  Headers,
  HttpClient,
  type HttpClientError,
  type HttpClientRequest,
  HttpClientResponse
} from "effect/http"
import { ProviderNotConfigured } from "@do-integrations/domain/Problem"

/** The longest `Retry-After` that is waited for; a caller told to wait longer is told so at once. */
export const maxRetryAfter = Duration.seconds(30)

/** What came of an attempt: an answer of any status, or none. */
type Outcome = Result.Result<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>

/** An attempt failed in a way that often passes. The caller gets its outcome when no other goes better. */
export class Transient extends Data.TaggedError("Transient")<{
  readonly outcome: Outcome
  /** The least wait that the service asked for. */
  readonly retryAfter?: Duration.Duration
}> {}

/**
 * When a transient failure is tried again: after 0.2, 0.4, 0.8, 1.6 and 3.2 s, each give or take a fifth,
 * and never before the time that `Retry-After` names. Gives up when that is more than {@link maxRetryAfter}.
 */
export const transientRetry = Schedule.exponential("200 millis").pipe(
  Schedule.jittered,
  Schedule.upTo({ times: 5 }),
  Schedule.setInputType<Transient>(),
  Schedule.while(({ input }) =>
    Duration.isLessThanOrEqualTo(input.retryAfter ?? Duration.zero, maxRetryAfter)
  ),
  Schedule.modifyDelay(({ duration, input }) =>
    Effect.succeed(Duration.max(duration, input.retryAfter ?? Duration.zero))
  )
)

const transientStatus: ReadonlySet<number> = new Set([429, 502, 503, 504])

const problemType = HttpClientResponse.schemaBodyJson(Schema.Struct({ type: Schema.String }))

/** An operator has to act before this answer changes. */
const isLasting = (response: HttpClientResponse.HttpClientResponse) =>
  problemType(response).pipe(
    Effect.map(({ type }) => type === ProviderNotConfigured.fields.type.schema.literal),
    // Not a problem document: a proxy in between answered.
    Effect.orElseSucceed(() => false)
  )

const isTransient = (outcome: Outcome) => {
  if (Result.isFailure(outcome)) return Effect.succeed(HttpClient.isTransientError(outcome.failure))
  const { success: response } = outcome
  return transientStatus.has(response.status)
    ? Effect.map(isLasting(response), (lasting) => !lasting)
    : Effect.succeed(false)
}

const retryAfter = Effect.fnUntraced(function* (outcome: Outcome) {
  if (Result.isFailure(outcome)) return {}
  const header = Headers.parseRetryAfter(outcome.success.headers["retry-after"] ?? "")
  return Result.isSuccess(header)
    ? { retryAfter: Headers.retryAfterDelay(header.success, yield* Clock.currentTimeMillis) }
    : {}
})

const attempt = Effect.fnUntraced(function* (
  effect: Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>
) {
  const outcome = yield* Effect.result(effect)
  if (!(yield* isTransient(outcome))) return outcome
  return yield* new Transient({ outcome, ...(yield* retryAfter(outcome)) })
})

/** A repeated POST acts twice, unless an `Idempotency-Key` tells the service that it is the same one. */
const mayRepeat = (request: HttpClientRequest.HttpClientRequest) =>
  request.method !== "POST" || "idempotency-key" in request.headers

/**
 * Retries by {@link transientRetry} what may be repeated: broken connections and answers 429, 502, 503 and
 * 504, but not a provider that lacks its settings. A removal whose answer was lost may so end in NotFound.
 */
export const retryTransient = HttpClient.transform(
  (effect: Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>, request) =>
    mayRepeat(request)
      ? attempt(effect).pipe(
          Effect.retry(transientRetry),
          Effect.catchTag("Transient", ({ outcome }) => Effect.succeed(outcome)),
          Effect.flatMap(Effect.fromResult)
        )
      : effect
)
