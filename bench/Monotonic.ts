/**
 * Milliseconds of the machine's monotonic clock: the same in every process, so times of one may be compared with
 * those of another.
 */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6
