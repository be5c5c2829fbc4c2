import { Duration, Result } from "effect"
import { Headers } from "effect/http"

/** The least wait that a `Retry-After` makes: "at once" and dates that are past come to this. */
export const minRetryAfter = Duration.seconds(1)

/** The longest wait that a `Retry-After` makes. */
export const maxRetryAfter = Duration.hours(24)

/** Characters that are read; the longest date has 33, and no wait that counts needs more digits. */
const maxLength = 40

/**
 * How long a receiver asks to be left alone (RFC 9110, section 10.2.3): seconds, or a date in one of the
 * three forms of section 5.6.7, counted from `now` in milliseconds since the epoch. Between
 * {@link minRetryAfter} and {@link maxRetryAfter}; `undefined` when the header is absent or no such value.
 */
export const retryAfter = (header: string | undefined, now: number): Duration.Duration | undefined => {
  if (header === undefined || header.length > maxLength) return undefined
  const parsed = Headers.parseRetryAfter(header)
  if (Result.isFailure(parsed)) return undefined
  return Duration.clamp(Headers.retryAfterDelay(parsed.success, now), {
    minimum: minRetryAfter,
    maximum: maxRetryAfter
  })
}
