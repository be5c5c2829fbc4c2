import { Bytes, Option } from "effect"

/** The only layout so far; another one gets another number, and readers know both. */
const format = 1
const headerLength = 5

const utf8 = new TextEncoder()

const uint32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

/** A sealed value taken apart: the version of the data key it needs, and a box to open with it. */
export interface Sealed {
  readonly keyVersion: number
  readonly box: Uint8Array
}

/** The stored bytes: format (1 byte), data key version (4 bytes, big endian), box. */
export const encode = ({ box, keyVersion }: Sealed): Uint8Array =>
  Bytes.concat([Uint8Array.of(format), uint32(keyVersion), box])

/** Takes stored bytes apart. None when they are of no known format or shorter than an empty secret. */
export const decode = (bytes: Uint8Array, minBoxLength: number): Option.Option<Sealed> => {
  if (bytes.length < headerLength + minBoxLength || bytes[0] !== format) return Option.none()
  const keyVersion = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(1)
  return Option.some({ keyVersion, box: bytes.subarray(headerLength) })
}

/**
 * Additional authenticated data of several parts. Each goes in with its length in front (UTF-8
 * bytes, 4 bytes big endian): no two lists of parts give the same bytes.
 */
export const additionalData = (parts: ReadonlyArray<string>): Uint8Array =>
  Bytes.concat(
    parts.flatMap((part) => {
      const bytes = utf8.encode(part)
      return [uint32(bytes.length), bytes]
    })
  )
