import { Effect, Layer, Redacted, Result, Schema } from "effect"
import { Aead } from "effect/crypto"
import { Base64 } from "effect/encoding"
import {
  type DataKeyOwner,
  KeyManagement,
  MasterKeyId,
  UnknownMasterKey,
  UnwrapRefused
} from "./KeyManagement.ts"
import { additionalData } from "./SealedFormat.ts"
import { SecretBox } from "./SecretBox.ts"

/** The master keys cannot be read from the setting or file that holds them. Never carries a key. */
export class InvalidMasterKeys extends Schema.TaggedError<InvalidMasterKeys>()("InvalidMasterKeys", {
  /** The setting or the file at fault. */
  source: Schema.String,
  problem: Schema.String
}) {
  override get message() {
    return `${this.source}: ${this.problem}. Expected id:base64key pairs with commas between them, the current key first`
  }
}

/** Too short for a 32-byte key in any encoding, so that a key in the wrong place is never printed as an id. */
const idPattern = /^[A-Za-z0-9._-]{1,32}$/

const parseEntry = Effect.fnUntraced(function* (entry: string, position: number) {
  const colon = entry.indexOf(":")
  if (colon < 0) return yield* Effect.fail(`key ${position} has no id in front of it`)
  const id = entry.slice(0, colon)
  if (!idPattern.test(id)) {
    return yield* Effect.fail(
      `the id of key ${position} must be 1 to 32 letters, digits, dots, dashes or underscores`
    )
  }
  const bytes = Base64.decode(entry.slice(colon + 1))
  if (Result.isFailure(bytes)) return yield* Effect.fail(`key ${position} ("${id}") is not base64`)
  const key = yield* Aead.key(Aead.aes256Gcm, bytes.success).pipe(
    Effect.mapError(() => `key ${position} ("${id}") has ${bytes.success.length} bytes instead of 32`)
  )
  return { id: MasterKeyId.make(id), key }
})

const parse = Effect.fnUntraced(function* (text: string) {
  const entries = text.split(",").map((entry) => entry.trim())
  const keys = yield* Effect.forEach(entries, (entry, index) => parseEntry(entry, index + 1))
  const ring = new Map(keys.map(({ id, key }) => [id, key]))
  const [current] = keys
  if (current === undefined) return yield* Effect.fail("there is no key")
  if (ring.size < keys.length) return yield* Effect.fail("two keys have the same id")
  return { current, ring }
})

const ownerData = (masterKeyId: MasterKeyId, { tenantId, version }: DataKeyOwner) =>
  additionalData([masterKeyId, tenantId, String(version)])

/** Wrapped bytes begin with their layout's number; the rest is a box that holds the 32-byte data key. */
const wrappedFormat = 1

/**
 * Key management with master keys held in this process: 32-byte AES-256-GCM keys written as
 * `id:base64key,...`, of which the first wraps new data keys and the others only open old ones.
 * A wrapped key is bound to its master key's id, its tenant and its version.
 *
 * `source` is the setting or the file that the keys come from, for errors to name.
 */
export const layer = (
  masterKeys: Redacted.Redacted,
  source = "MASTER_KEYS"
): Layer.Layer<KeyManagement, InvalidMasterKeys> =>
  Layer.effect(
    KeyManagement,
    Effect.gen(function* () {
      const secretBox = yield* SecretBox
      const { current, ring } = yield* parse(Redacted.value(masterKeys)).pipe(
        Effect.mapError((problem) => new InvalidMasterKeys({ source, problem }))
      )
      return KeyManagement.of({
        currentKeyId: current.id,
        wrap: Effect.fn("KeyRing.wrap")(function* (dataKey, owner) {
          const content = yield* Effect.orDie(Aead.toBytes(dataKey))
          const box = yield* secretBox.close(current.key, content, ownerData(current.id, owner))
          return { masterKeyId: current.id, bytes: Uint8Array.of(wrappedFormat, ...box) }
        }),
        unwrap: Effect.fn("KeyRing.unwrap")(function* ({ bytes, masterKeyId }, owner) {
          const masterKey = ring.get(masterKeyId)
          if (masterKey === undefined) return yield* new UnknownMasterKey({ masterKeyId })
          if (bytes[0] !== wrappedFormat) return yield* new UnwrapRefused({ masterKeyId })
          const content = yield* secretBox
            .open(masterKey, bytes.subarray(1), ownerData(masterKeyId, owner))
            .pipe(Effect.mapError(() => new UnwrapRefused({ masterKeyId })))
          return yield* Effect.orDie(Aead.key(Aead.aes256Gcm, content))
        })
      })
    })
  ).pipe(Layer.provide(SecretBox.layer))
