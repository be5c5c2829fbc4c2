/** Where a body of undeclared length begins, in bytes. */
const firstCapacity = 64 * 1024

/** Takes a body piece by piece. */
export interface ByteCollector {
  /** Takes a piece; false where it is more than fits, and nothing of it is kept. */
  readonly add: (piece: Uint8Array) => boolean
  /** All that was taken. */
  readonly bytes: () => Uint8Array
}

/**
 * Joins pieces in one buffer, which begins at the declared length and otherwise doubles. No piece is kept: a body may
 * come byte by byte, and each piece as an object would take a hundred times its bytes. Sizes are bytes.
 */
export const makeCollector = (maxBytes: number, declared?: number): ByteCollector => {
  const first = declared !== undefined && declared > 0 ? declared : firstCapacity
  let buffer = new Uint8Array(0)
  let length = 0

  const grow = (needed: number) => {
    const larger = new Uint8Array(Math.min(maxBytes, Math.max(needed, first, buffer.length * 2)))
    larger.set(buffer.subarray(0, length))
    buffer = larger
  }

  return {
    add: (piece) => {
      const needed = length + piece.length
      if (needed > maxBytes) return false
      if (needed > buffer.length) grow(needed)
      buffer.set(piece, length)
      length = needed
      return true
    },
    bytes: () => (length === buffer.length ? buffer : buffer.slice(0, length))
  }
}
