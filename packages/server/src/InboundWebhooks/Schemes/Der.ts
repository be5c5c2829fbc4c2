import { Bytes } from "effect"

/** Bytes of a coordinate on P-256. */
const size = 32

/** A positive INTEGER in its shortest form, as a number of `size` bytes, and what stands behind it. */
const readInteger = (der: Uint8Array): readonly [number: Uint8Array, rest: Uint8Array] | undefined => {
  const [tag, length = 0] = der
  const bytes = der.subarray(2, 2 + length)
  const [first = 0, second = 0] = bytes
  if (tag !== 0x02 || length === 0 || bytes.length !== length || first >= 0x80) return undefined
  // A zero in front only says that the number is positive, where it would read as negative without.
  if (first === 0 && second < 0x80) return undefined
  const digits = first === 0 ? bytes.subarray(1) : bytes
  if (digits.length > size) return undefined
  return [Bytes.concat([new Uint8Array(size - digits.length), digits]), der.subarray(2 + length)]
}

/**
 * An ECDSA signature on P-256 from its DER form, a SEQUENCE of r and s (RFC 3279, 2.2.3), as both numbers in 32 bytes
 * each. None where it is not exactly that in its one shortest form.
 */
export const fromDer = (der: Uint8Array): ReadonlyArray<Uint8Array> => {
  const [tag, length] = der
  if (tag !== 0x30 || length !== der.length - 2) return []
  const r = readInteger(der.subarray(2))
  const s = r === undefined ? undefined : readInteger(r[1])
  return r === undefined || s === undefined || s[1].length > 0 ? [] : [Bytes.concat([r[0], s[0]])]
}
