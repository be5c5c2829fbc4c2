import type { Latencies } from "./Protocol.ts"

/** The middle one, or the mean of the two in the middle. */
export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]]
  return ((low ?? 0) + (high ?? 0)) / 2
}

/** The first over the second with two digits; nothing without both. */
export const ratioOf = (ours: number | null, other: number | null): number | null =>
  ours === null || other === null ? null : Number((ours / other).toFixed(2))

/** Of so many single latencies. */
export const latenciesOf = (milliseconds: ReadonlyArray<number>): Latencies => {
  const sorted = Float64Array.from(milliseconds).toSorted()
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}

/** How a value went over time. */
export interface Series {
  readonly start: number
  readonly end: number
  readonly max: number
  /** Of the line that fits best, for each unit of time. */
  readonly slope: number
}

export const seriesOf = (samples: ReadonlyArray<{ readonly at: number; readonly value: number }>): Series => {
  const mean = (values: ReadonlyArray<number>) =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  const at = mean(samples.map((sample) => sample.at))
  const value = mean(samples.map((sample) => sample.value))
  const along = mean(samples.map((sample) => (sample.at - at) * (sample.value - value)))
  const spread = mean(samples.map((sample) => (sample.at - at) ** 2))
  return {
    start: samples[0]?.value ?? 0,
    end: samples.at(-1)?.value ?? 0,
    max: Math.max(0, ...samples.map((sample) => sample.value)),
    slope: spread === 0 ? 0 : along / spread
  }
}
