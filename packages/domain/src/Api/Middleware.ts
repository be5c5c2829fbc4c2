import { Context, Schema } from "effect"
import { HttpApiMiddleware, HttpApiSecurity, OpenApi } from "effect/http-api"
import type { Caller, Scope } from "../ApiKey.ts"
import { described } from "../Described.ts"
import {
  Forbidden,
  IdempotencyConflict,
  InternalError,
  InvalidRequest,
  PayloadTooLarge,
  TooManyRequests,
  Unauthorized,
  Unprocessable,
  UnsupportedMediaType
} from "../Problem.ts"

/** The scope that an endpoint needs; every endpoint behind {@link Authorization} is annotated with one. */
export class RequiredScope extends Context.Service<RequiredScope, Scope>()(
  "@do-integrations/domain/Api/Middleware/RequiredScope"
) {}

/** Marks endpoints that concern the tenant as a whole: a key confined to a customer may not use them. */
export class TenantWide extends Context.Service<TenantWide, true>()(
  "@do-integrations/domain/Api/Middleware/TenantWide"
) {}

const apiKey = HttpApiSecurity.annotate(
  HttpApiSecurity.bearer,
  OpenApi.Description,
  "A tenant's API key, `doi_...`. Each endpoint needs one of its scopes."
)

const rootKey = HttpApiSecurity.annotate(
  HttpApiSecurity.bearer,
  OpenApi.Description,
  "The operator's root key, which manages tenants and reads none of their data."
)

/** Proves the caller by an API key (`Authorization: Bearer doi_...`), its scope and its rate limit. */
export class Authorization extends HttpApiMiddleware.Service<Authorization, { provides: Caller }>()(
  "@do-integrations/domain/Api/Authorization",
  { security: { apiKey }, error: [Unauthorized, Forbidden, TooManyRequests], requiredForClient: true }
) {}

/** Proves the operator by the root key, which manages tenants and reads none of their data. */
export class RootAuthorization extends HttpApiMiddleware.Service<RootAuthorization>()(
  "@do-integrations/domain/Api/RootAuthorization",
  { security: { rootKey }, error: [Unauthorized, TooManyRequests], requiredForClient: true }
) {}

/** Turns requests that do not decode, and bugs, into problem documents. */
export class Problems extends HttpApiMiddleware.Service<Problems>()("@do-integrations/domain/Api/Problems", {
  error: [InvalidRequest, PayloadTooLarge, UnsupportedMediaType, InternalError]
}) {}

/**
 * Lets a request be repeated safely: with an `Idempotency-Key` header, a second request within 24 hours is
 * answered as the first was and does nothing. The same key with another request is 422, and 409 while the
 * first is still running.
 */
export class Idempotency extends HttpApiMiddleware.Service<Idempotency, { requires: Caller }>()(
  "@do-integrations/domain/Api/Idempotency",
  { error: [IdempotencyConflict, Unprocessable] }
) {}

/** The header that {@link Idempotency} reads. */
export const IdempotencyHeaders = {
  "idempotency-key": Schema.optionalKey(
    Schema.String.check(
      Schema.isPattern(/^[\x21-\x7e]{1,255}$/u, { message: "Expected 1 to 255 printable ASCII characters" })
    )
  ).pipe(described("Makes the request safe to repeat for 24 hours."))
}
