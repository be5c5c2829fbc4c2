import type { Latency } from "@do-integrations/domain/Webhook/Statistics"
import { bounds } from "../DeliveryEngine/Histogram.ts"

/** What was counted in some time. */
export interface Counts {
  readonly succeeded: number
  readonly failed: number
  readonly exhausted: number
  /** Attempts that were answered by how long they took: one number for each bucket of the histogram. */
  readonly latencies: ReadonlyArray<number>
}

const nothing: Counts = { succeeded: 0, failed: 0, exhausted: 0, latencies: [] }

/** All of it together. */
export const sumOf = (counts: ReadonlyArray<Counts>): Counts =>
  counts.reduce(
    (sum, one) => ({
      succeeded: sum.succeeded + one.succeeded,
      failed: sum.failed + one.failed,
      exhausted: sum.exhausted + one.exhausted,
      latencies: one.latencies.map((count, bucket) => count + (sum.latencies[bucket] ?? 0))
    }),
    nothing
  )

/** Where the last bucket ends, which has no bound: a little more than the longest attempt may take. */
const lastBound = 31_000

/**
 * The milliseconds that a share of the attempts took at most; inside the bucket that it falls into, attempts
 * are taken to be spread evenly.
 */
export const quantile = (latencies: ReadonlyArray<number>, share: number): number => {
  const total = latencies.reduce((sum, count) => sum + count, 0)
  const rank = share * total
  let before = 0
  for (const [bucket, count] of latencies.entries()) {
    if (count > 0 && before + count >= rank) {
      const low = bounds[bucket - 1] ?? 0
      const high = bounds[bucket] ?? lastBound
      return Math.ceil(low + ((high - low) * (rank - before)) / count)
    }
    before += count
  }
  return 0
}

const latencyOf = (latencies: ReadonlyArray<number>): { readonly latency?: Latency } =>
  latencies.some((count) => count > 0)
    ? {
        latency: {
          p50: quantile(latencies, 0.5),
          p95: quantile(latencies, 0.95),
          p99: quantile(latencies, 0.99)
        }
      }
    : {}

/** What is told of counts; a rate only where there was an attempt, and latencies only where one was answered. */
export const figuresOf = ({ exhausted, failed, latencies, succeeded }: Counts) => {
  const attempts = succeeded + failed
  const base = { attempts, succeeded, failed, exhausted }
  return attempts === 0 ? base : { ...base, successRate: succeeded / attempts, ...latencyOf(latencies) }
}
