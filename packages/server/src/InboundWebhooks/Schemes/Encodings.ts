import { Result } from "effect"
import { Base64, Hex } from "effect/encoding"

/** Pieces of a header that are looked at: senders in rotation send two or three signatures, and a few versions. */
const maxPieces = 20

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

/** The first pieces of a header, which may be long: no more than twenty. */
export const piecesOf = (text: string | undefined, separator: string): ReadonlyArray<string> =>
  (text ?? "").split(separator, maxPieces)

/** A header of `name=value` pieces, such as `t=1,v1=ab,v1=cd`: the values of a name. Blanks around pieces are none. */
export const valuesOf = (
  text: string | undefined,
  separator = ","
): ((name: string) => ReadonlyArray<string>) => {
  const pieces = piecesOf(text, separator).map((piece) => piece.trim())
  return (name) => pieces.flatMap((piece) => stripped(piece, `${name}=`))
}
