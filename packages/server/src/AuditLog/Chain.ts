import { Bytes, Effect, Schema } from "effect"
import { Digest } from "effect/crypto"

/** The columns of an entry that its hash covers. */
export const ChainedEntry = Schema.Struct({
  id: Schema.String,
  tenantId: Schema.String,
  actor: Schema.String,
  action: Schema.String,
  target: Schema.String,
  /** The JSON text as it is stored. */
  details: Schema.String,
  at: Schema.String
})
export type ChainedEntry = typeof ChainedEntry.Type

/** What the first entry of every chain follows. */
export const genesis = new Uint8Array(32)

const utf8 = new TextEncoder()

/**
 * The hash of an entry: SHA-256 over the hash before it and, as a JSON array, its number and columns. An
 * array of strings has one spelling only, so equal entries have equal hashes.
 */
export const link = (previous: Uint8Array, number: number, entry: ChainedEntry) =>
  Effect.gen(function* () {
    const digest = yield* Digest.Digest
    const { action, actor, at, details, id, target, tenantId } = entry
    const content = utf8.encode(JSON.stringify([number, id, tenantId, actor, action, target, details, at]))
    return yield* digest.digest(Digest.sha256, Bytes.concat([previous, content]))
  }).pipe(Effect.orDie)
