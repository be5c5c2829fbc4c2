import { Schema } from "effect"
import { described } from "../Described.ts"
import { Timestamp } from "../Time.ts"

const count = (what: string) => Schema.Int.pipe(described(what))

/** How long attempts took that were answered, in milliseconds; estimated from a histogram. */
export const Latency = Schema.Struct({
  p50: Schema.Int.pipe(described("Half of the answers took at most this many milliseconds.")),
  p95: Schema.Int.pipe(described("Of 100 answers, 95 took at most this many milliseconds.")),
  p99: Schema.Int.pipe(described("Of 100 answers, 99 took at most this many milliseconds."))
}).annotate({ identifier: "Latency" })
export type Latency = typeof Latency.Type

const figures = {
  attempts: count("Attempts that were made."),
  succeeded: count("Attempts that succeeded."),
  failed: count("Attempts that failed."),
  exhausted: count("Deliveries whose retries ran out."),
  successRate: Schema.optionalKey(Schema.Finite).pipe(
    described("Succeeded attempts of all, from 0 to 1; left out: none was made.")
  ),
  latency: Schema.optionalKey(Latency).pipe(
    described("How long attempts took that were answered; left out: none was.")
  )
}

/** What happened in one hour. */
export const HourStatistics = Schema.Struct({
  hour: Timestamp.pipe(described("When the hour began.")),
  ...figures
}).annotate({ identifier: "HourStatistics" })

/** What an outbound webhook did in a span of time, and what waits now. */
export class WebhookStatistics extends Schema.Class<WebhookStatistics>("WebhookStatistics")({
  since: Timestamp.pipe(described("When the first hour began.")),
  until: Timestamp.pipe(described("When the last hour ended.")),
  ...figures,
  waiting: count("Deliveries that are on their way now."),
  oldestWaiting: Schema.optionalKey(Timestamp).pipe(
    described("When the event came that has been on its way the longest; left out: none is.")
  ),
  undelivered: count("Deliveries that ended without success and are still kept."),
  hours: Schema.Array(HourStatistics).pipe(
    described("Hour by hour, oldest first, those without attempts left out.")
  )
}) {}
