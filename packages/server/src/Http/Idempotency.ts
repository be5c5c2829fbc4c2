import { Caller } from "@do-integrations/domain/ApiKey"
import { Idempotency, IdempotencyHeaders } from "@do-integrations/domain/Api/Middleware"
import { IdempotencyConflict } from "@do-integrations/domain/Problem"
import { Effect, Layer, Redacted, Schema } from "effect"
import { Digest } from "effect/crypto"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { fingerprintOf, IdempotencyKeys } from "../IdempotencyKeys.ts"
import { type ClaimedRequest, keyOf, keyTaken } from "../IdempotencyKeys/KeyedRequest.ts"
import { MarkCommitted } from "../UnitOfWork.ts"

/** An answer as it is kept. Requests with a key are answered with JSON or nothing. */
const KeptAnswer = Schema.fromJsonString(
  Schema.Struct({ status: Schema.Int, contentType: Schema.String, body: Schema.Uint8ArrayFromBase64 })
)
const encodeAnswer = Schema.encodeEffect(KeptAnswer)
const decodeAnswer = Schema.decodeEffect(KeptAnswer)

const isKey = Schema.is(IdempotencyHeaders["idempotency-key"].schema)

/** Tells that an answer was given before, and that this request did nothing. */
export const replayedHeader = { "idempotent-replayed": "true" }

const replay = Effect.fnUntraced(function* (kept: Redacted.Redacted) {
  const { body, contentType, status } = yield* decodeAnswer(Redacted.value(kept))
  return HttpServerResponse.uint8Array(body, {
    status,
    contentType,
    headers: replayedHeader
  })
}, Effect.orDie)

/** Carries a request with a key out once, and answers its repetitions as it was answered. */
export const layer = Layer.effect(
  Idempotency,
  Effect.gen(function* () {
    const keys = yield* IdempotencyKeys
    const digest = yield* Digest.Digest

    const once = Effect.fnUntraced(function* <E, R>(
      handler: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>,
      claimed: ClaimedRequest
    ) {
      const response = yield* handler.pipe(
        Effect.provideService(MarkCommitted, keys.committed(claimed)),
        Effect.onError(() => keys.release(claimed))
      )
      const body = response.body
      if (response.status >= 300 || body._tag !== "Uint8Array") {
        yield* keys.release(claimed)
        return response
      }
      const kept = yield* Effect.orDie(
        encodeAnswer({ status: response.status, contentType: body.contentType, body: body.body })
      )
      yield* keys.answer(claimed, Redacted.make(kept))
      return response
    }, Effect.uninterruptible)

    return Idempotency.of((handler) =>
      Effect.gen(function* () {
        const request = yield* HttpServerRequest.HttpServerRequest
        const key = request.headers["idempotency-key"]
        // One that is malformed is refused where the endpoint's headers are decoded.
        if (!isKey(key)) return yield* handler
        const caller = yield* Caller
        const body = yield* Effect.orElseSucceed(request.text, () => "")
        const fingerprint = yield* Effect.provideService(
          fingerprintOf([request.method, request.url, caller.keyId, body]),
          Digest.Digest,
          digest
        )
        const claim = yield* keys.claim({ tenantId: caller.tenantId, key: keyOf(caller, key), fingerprint })
        switch (claim._tag) {
          case "Fresh":
            return yield* once(handler, claim.claimed)
          case "Answered":
            return yield* replay(claim.answer)
          case "Running":
            return yield* new IdempotencyConflict({
              running: true,
              detail: "The request with this key is still running"
            })
          case "AnswerLost":
            return yield* new IdempotencyConflict({
              running: false,
              detail:
                "The request with this key was carried out, but its answer was lost; look for its result"
            })
          case "Taken":
            return yield* keyTaken()
        }
      })
    )
  })
)
