import { Schema } from "effect"

/** A text is neither a signing secret nor a public key; `detail` says what it should have been. */
export class InvalidSecret extends Schema.TaggedError<InvalidSecret>()("InvalidSecret", {
  detail: Schema.String
}) {
  override get message() {
    return this.detail
  }
}

/** The request lacks a header that webhooks have. */
export class MissingHeader extends Schema.TaggedError<MissingHeader>()("MissingHeader", {
  header: Schema.String
}) {
  override get message() {
    return `the header ${this.header} is missing`
  }
}

/** The timestamp is no number of seconds since the epoch. */
export class InvalidTimestamp extends Schema.TaggedError<InvalidTimestamp>()("InvalidTimestamp", {}) {
  override get message() {
    return "the timestamp is no number of seconds"
  }
}

/** The webhook was signed longer ago than is tolerated: it may be a replay. */
export class TooOld extends Schema.TaggedError<TooOld>()("TooOld", {
  /** How long ago it was signed. */
  seconds: Schema.Int
}) {
  override get message() {
    return `it was signed ${this.seconds} s ago`
  }
}

/** The webhook is signed for a time further ahead than is tolerated: a clock is wrong. */
export class TooNew extends Schema.TaggedError<TooNew>()("TooNew", {
  /** How far the timestamp is ahead. */
  seconds: Schema.Int
}) {
  override get message() {
    return `its timestamp is ${this.seconds} s ahead`
  }
}

/** None of the signatures is one of any of the secrets over this id, timestamp and body. */
export class NoMatchingSignature extends Schema.TaggedError<NoMatchingSignature>()(
  "NoMatchingSignature",
  {}
) {
  override get message() {
    return "no signature matches"
  }
}

/** The signature holds, but the body is no webhook of the service. */
export class MalformedBody extends Schema.TaggedError<MalformedBody>()("MalformedBody", {
  detail: Schema.String
}) {
  override get message() {
    return `the body is malformed: ${this.detail}`
  }
}

/** A webhook that is not to be trusted, or that cannot be read. */
export class WebhookRejected extends Schema.TaggedError<WebhookRejected>()("WebhookRejected", {
  reason: Schema.Union([MissingHeader, InvalidTimestamp, TooOld, TooNew, NoMatchingSignature, MalformedBody])
}) {
  override get message() {
    return `The webhook is rejected: ${this.reason.message}`
  }
}
