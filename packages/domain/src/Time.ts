import { Schema } from "effect"

/** A point in time; on the wire ISO 8601 in UTC, such as `2026-02-03T04:05:06.000Z`. */
export const Timestamp = Schema.DateTimeUtcFromString.pipe(Schema.annotateEncoded({ format: "date-time" }))
