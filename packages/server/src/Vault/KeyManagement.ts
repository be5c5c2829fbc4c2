import type { TenantId } from "@do-integrations/domain/Tenant"
import { Context, type Effect, Schema } from "effect"
import type { Aead } from "effect/crypto"

/** The name of a master key, as `MASTER_KEYS` or a key management service gives it. Not a secret. */
export const MasterKeyId = Schema.String.pipe(Schema.brand("MasterKeyId"))
export type MasterKeyId = typeof MasterKeyId.Type

/** An AES-256-GCM key that seals one tenant's secrets. Opaque: it prints only its algorithm. */
export type DataKey = Aead.Key<Aead.AesGcm>

/** Whose data key it is; a key wrapped for one owner never unwraps for another. */
export interface DataKeyOwner {
  readonly tenantId: TenantId
  /** Counts a tenant's data keys from 1. */
  readonly version: number
}

/** A data key as it is stored: opaque bytes and the master key that opens them. */
export interface WrappedKey {
  readonly masterKeyId: MasterKeyId
  readonly bytes: Uint8Array
}

/** The data key was wrapped by a master key that is not at hand. */
export class UnknownMasterKey extends Schema.TaggedError<UnknownMasterKey>()("UnknownMasterKey", {
  masterKeyId: MasterKeyId
}) {
  override get message() {
    return `The master key "${this.masterKeyId}" is not in the key ring`
  }
}

/** The wrapped bytes do not open: another master key bears this id, or row or owner were changed. */
export class UnwrapRefused extends Schema.TaggedError<UnwrapRefused>()("UnwrapRefused", {
  masterKeyId: MasterKeyId
}) {
  override get message() {
    return `The master key "${this.masterKeyId}" does not open this data key`
  }
}

/** The port to whatever holds the master keys: wraps data keys and opens them again. */
export class KeyManagement extends Context.Service<
  KeyManagement,
  {
    /** The master key that wraps new data keys. */
    readonly currentKeyId: MasterKeyId
    /** Wraps a data key for its owner, under the current master key. */
    wrap(dataKey: DataKey, owner: DataKeyOwner): Effect.Effect<WrappedKey>
    /** Opens what `wrap` made for the same owner, under whichever master key did it. */
    unwrap(wrapped: WrappedKey, owner: DataKeyOwner): Effect.Effect<DataKey, UnknownMasterKey | UnwrapRefused>
  }
>()("@do-integrations/server/Vault/KeyManagement") {}
