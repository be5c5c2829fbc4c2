import { Clock, Effect } from "effect"

/** What is left of a key's allowance, as of a moment in milliseconds. */
interface Bucket {
  tokens: number
  at: number
}

/** Keys that are remembered before those whose allowance is whole again are looked for and let go. */
const remembered = 10_000

/**
 * Counts what is done under each key: `perSecond` of it without an end, `burst` at once. Takes one and answers
 * 0, or takes nothing and answers in how many milliseconds there is one to take.
 *
 * Done at every request, and so without the errors and durations of `effect/persistence/RateLimiter`: they cost
 * more than everything else that authorization does.
 */
export const make = (perSecond: number, burst: number) => {
  const buckets = new Map<string, Bucket>()
  const perMilli = perSecond / 1000
  let capacity = remembered

  const fill = (bucket: Bucket, now: number) => {
    bucket.tokens = Math.min(burst, bucket.tokens + Math.max(0, now - bucket.at) * perMilli)
    bucket.at = now
  }

  const letGo = (now: number) => {
    for (const [key, bucket] of buckets) {
      fill(bucket, now)
      if (bucket.tokens >= burst) buckets.delete(key)
    }
    capacity = Math.max(remembered, 2 * buckets.size)
  }

  const opened = (key: string, now: number): Bucket => {
    if (buckets.size >= capacity) letGo(now)
    const bucket = { tokens: burst, at: now }
    buckets.set(key, bucket)
    return bucket
  }

  return (key: string): Effect.Effect<number> =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const bucket = buckets.get(key) ?? opened(key, now)
      fill(bucket, now)
      if (bucket.tokens < 1) return (1 - bucket.tokens) / perMilli
      bucket.tokens -= 1
      return 0
    })
}
