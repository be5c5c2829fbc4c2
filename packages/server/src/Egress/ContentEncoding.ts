import { Effect, type Option } from "effect"
import { constants, createBrotliDecompress, createUnzip } from "node:zlib"

/** A decoded body, cut at the cap. */
export interface Decoded {
  readonly body: Uint8Array
  readonly truncated: boolean
}

const decoder = (encoding: string) => {
  switch (encoding.trim().toLowerCase()) {
    // The flush modes accept an input that was cut.
    case "gzip":
    case "x-gzip":
    case "deflate":
      return createUnzip({ finishFlush: constants.Z_SYNC_FLUSH })
    case "br":
      return createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH })
    default:
      return undefined
  }
}

/**
 * Decompresses a body held in memory, stopping at `cap` bytes of output, so that a small body cannot unfold
 * into a large one. None: an unknown encoding, or bytes that are not of the declared one.
 */
export const decode = (
  encoding: string,
  raw: Uint8Array,
  cap: number
): Effect.Effect<Option.Option<Decoded>> =>
  Effect.callback((resume) => {
    const stream = decoder(encoding)
    if (stream === undefined) return resume(Effect.succeedNone)
    const kept: Array<Buffer> = []
    let size = 0
    const finish = (truncated: boolean) =>
      resume(Effect.succeedSome({ body: Buffer.concat(kept, Math.min(size, cap)), truncated }))
    stream.on("data", (chunk: Buffer) => {
      kept.push(chunk)
      size += chunk.length
      if (size <= cap) return
      stream.destroy()
      finish(true)
    })
    stream.on("end", () => finish(false))
    stream.on("error", () => resume(Effect.succeedNone))
    stream.end(raw)
    return Effect.sync(() => stream.destroy())
  })
