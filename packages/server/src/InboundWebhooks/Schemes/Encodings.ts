import { Result } from "effect"
import { Base64, Hex } from "effect/encoding"

/** The bytes of a signature in hex, or none when it is not. */
export const fromHex = (text: string): ReadonlyArray<Uint8Array> => {
  const bytes = Hex.decode(text)
  return Result.isSuccess(bytes) ? [bytes.success] : []
}

/** Only the one text that stands for some bytes: the last character could hold bits that nobody reads. */
export const fromBase64 = (text: string): ReadonlyArray<Uint8Array> => {
  const bytes = Base64.decode(text)
  return Result.isSuccess(bytes) && Base64.encode(bytes.success) === text ? [bytes.success] : []
}

/** The text behind a prefix, or nothing when it has another beginning. */
export const stripped = (text: string | undefined, prefix: string): ReadonlyArray<string> =>
  text !== undefined && text.startsWith(prefix) ? [text.slice(prefix.length)] : []
