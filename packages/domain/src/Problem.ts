import { Schema } from "effect"
import { HttpApiError } from "effect/http-api"
import { described } from "./Described.ts"

/**
 * The failures that cross HTTP, as RFC 9457 problem documents. `type` tells them apart and is stable;
 * `detail` says what was wrong this time and never repeats a value that was sent.
 */
const type = <const Name extends string>(name: Name) => `urn:do-integrations:problem:${name}` as const

/** One fault of a request: where it stands and what is expected there. */
export const Fault = Schema.Struct({
  path: Schema.Array(Schema.Union([Schema.String, Schema.Number])).pipe(
    described("Where it stands; the first segment is `params`, `query`, `headers` or `payload`.")
  ),
  message: Schema.String.pipe(described("What is expected there."))
}).annotate({ identifier: "Fault" })
export type Fault = typeof Fault.Type

const errors = Schema.optionalKey(Schema.Array(Fault)).pipe(described("Each fault, where they are known."))

/** The request does not have the documented shape. */
export class InvalidRequest extends HttpApiError.Problem<InvalidRequest>()(
  "InvalidRequest",
  { type: type("invalid-request"), status: 400, title: "The request does not have the documented shape" },
  { errors }
) {}

/** No API key, or one that is unknown, revoked or expired. */
export class Unauthorized extends HttpApiError.Problem<Unauthorized>()("Unauthorized", {
  type: type("unauthorized"),
  status: 401,
  title: "A valid API key is required"
}) {}

/** An inbound request whose signature does not hold. */
export class InvalidSignature extends HttpApiError.Problem<InvalidSignature>()("InvalidSignature", {
  type: type("invalid-signature"),
  status: 401,
  title: "The signature does not hold"
}) {}

/** The API key is valid and may not do this. */
export class Forbidden extends HttpApiError.Problem<Forbidden>()(
  "Forbidden",
  { type: type("forbidden"), status: 403, title: "The API key may not do this" },
  { requiredScope: Schema.optionalKey(Schema.String).pipe(described("The scope that the key lacks.")) }
) {}

/** The request came from an address that the webhook does not allow. */
export class AddressNotAllowed extends HttpApiError.Problem<AddressNotAllowed>()("AddressNotAllowed", {
  type: type("address-not-allowed"),
  status: 403,
  title: "Requests from this address are not allowed"
}) {}

/** There is no such thing, or it is not the caller's. */
export class NotFound extends HttpApiError.Problem<NotFound>()("NotFound", {
  type: type("not-found"),
  status: 404,
  title: "Not found"
}) {}

/** The path exists, the method does not. */
export class MethodNotAllowed extends HttpApiError.Problem<MethodNotAllowed>()(
  "MethodNotAllowed",
  { type: type("method-not-allowed"), status: 405, title: "The path does not take this method" },
  {
    allow: Schema.Array(Schema.String).pipe(
      described("The methods that it takes; the `Allow` header says the same.")
    )
  }
) {}

/** The request's body took too long to come. The connection is closed. */
export class RequestTimeout extends HttpApiError.Problem<RequestTimeout>()("RequestTimeout", {
  type: type("request-timeout"),
  status: 408,
  title: "The body took too long"
}) {}

/** What the request would create or change is at odds with what is there. */
export class Conflict extends HttpApiError.Problem<Conflict>()("Conflict", {
  type: type("conflict"),
  status: 409,
  title: "At odds with what is there"
}) {}

/** The integration's lifecycle has no such transition from where it stands. */
export class IllegalTransition extends HttpApiError.Problem<IllegalTransition>()(
  "IllegalTransition",
  { type: type("illegal-transition"), status: 409, title: "The integration's status does not allow this" },
  {
    from: Schema.String.pipe(described("The status that it is in.")),
    by: Schema.String.pipe(described("What was to move it."))
  }
) {
  override get message() {
    return `An integration that is ${this.from} has no transition by ${this.by}`
  }
}

/** An earlier request with the same `Idempotency-Key` is still running, or its answer was lost. */
export class IdempotencyConflict extends HttpApiError.Problem<IdempotencyConflict>()(
  "IdempotencyConflict",
  { type: type("idempotency-conflict"), status: 409, title: "The Idempotency-Key is in use" },
  { running: Schema.Boolean.pipe(described("Whether a repetition a moment later is answered.")) }
) {}

/** The request's body is larger than the endpoint takes. */
export class PayloadTooLarge extends HttpApiError.Problem<PayloadTooLarge>()(
  "PayloadTooLarge",
  { type: type("payload-too-large"), status: 413, title: "The body is too large" },
  { maxBytes: Schema.optionalKey(Schema.Int).pipe(described("The most that is taken, in bytes.")) }
) {}

/** The body's content type is none that the endpoint reads. */
export class UnsupportedMediaType extends HttpApiError.Problem<UnsupportedMediaType>()(
  "UnsupportedMediaType",
  {
    type: type("unsupported-media-type"),
    status: 415,
    title: "The content type is not supported"
  }
) {}

/** The request is well formed and cannot be carried out as it stands. */
export class Unprocessable extends HttpApiError.Problem<Unprocessable>()(
  "Unprocessable",
  { type: type("unprocessable"), status: 422, title: "The request cannot be carried out as it stands" },
  { errors }
) {}

/** More requests than the rate limit of the key or the webhook allows. */
export class TooManyRequests extends HttpApiError.Problem<TooManyRequests>()(
  "TooManyRequests",
  { type: type("too-many-requests"), status: 429, title: "Too many requests" },
  {
    retryAfter: Schema.Int.pipe(described("Seconds to wait; the `Retry-After` header says the same."))
  }
) {}

/** A bug. The trace id finds it in the logs; nothing else is told. */
export class InternalError extends HttpApiError.Problem<InternalError>()(
  "InternalError",
  { type: type("internal-error"), status: 500, title: "Something went wrong on our side" },
  { traceId: Schema.optionalKey(Schema.String).pipe(described("What finds it in the logs.")) }
) {}

/** The operator has not given the settings that this vendor needs. */
export class ProviderNotConfigured extends HttpApiError.Problem<ProviderNotConfigured>()(
  "ProviderNotConfigured",
  { type: type("provider-not-configured"), status: 503, title: "The provider is not configured" },
  {
    provider: Schema.String.pipe(described("The vendor.")),
    missingSettings: Schema.Array(Schema.String).pipe(
      described("The settings that the operator has to give.")
    )
  }
) {}

/** The service cannot answer just now. */
export class Unavailable extends HttpApiError.Problem<Unavailable>()("Unavailable", {
  type: type("unavailable"),
  status: 503,
  title: "The service cannot answer just now"
}) {}
