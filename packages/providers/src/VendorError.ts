import { DeepIntegrationType } from "@do-integrations/domain/Integration"
import { Schema } from "effect"

/** The credential is not accepted any more. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", {}) {}

/** The credential is accepted and may not do this. */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {}) {}

/** The vendor has no such thing. */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", {}) {}

/** At odds with what the vendor has. */
export class Conflict extends Schema.TaggedError<Conflict>()("Conflict", {}) {}

/** The vendor refuses the request as it stands. */
export class Invalid extends Schema.TaggedError<Invalid>()("Invalid", { problem: Schema.String }) {}

/** Too many requests; the vendor says when to come back, or does not. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  retryAfter: Schema.optionalKey(Schema.Duration)
}) {}

/** The vendor cannot be reached or cannot answer. */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", {}) {}

/** An answer that the vendor's description does not have. */
export class Unexpected extends Schema.TaggedError<Unexpected>()("Unexpected", { problem: Schema.String }) {}

/** A vendor's failure, by category: retry policies read the category, never a status code. */
export class VendorError extends Schema.TaggedError<VendorError>()("VendorError", {
  vendor: DeepIntegrationType,
  reason: Schema.Union([
    Unauthorized,
    Forbidden,
    NotFound,
    Conflict,
    Invalid,
    RateLimited,
    Unavailable,
    Unexpected
  ])
}) {
  override get message() {
    return `${this.vendor}: ${this.reason._tag}`
  }
}
