import { TenantId } from "@do-integrations/domain/Tenant"
import { Schema } from "effect"
import { MasterKeyId, UnknownMasterKey } from "./KeyManagement.ts"

/** The sealed bytes were changed, moved to another place, or sealed by another key. */
export class Tampered extends Schema.TaggedError<Tampered>()("Tampered", {
  table: Schema.String,
  row: Schema.String,
  field: Schema.String
}) {
  override get message() {
    return `What is stored in ${this.table}.${this.field} of ${this.row} was not sealed for that place`
  }
}

/** The tenant has no data key: it was never created, or its keys were destroyed with it. */
export class NoDataKey extends Schema.TaggedError<NoDataKey>()("NoDataKey", { tenantId: TenantId }) {
  override get message() {
    return `The tenant ${this.tenantId} has no data key`
  }
}

/** The sealed bytes are cut short or of an unknown format, or the secret is no text that UTF-8 can carry. */
export class Malformed extends Schema.TaggedError<Malformed>()("Malformed", { problem: Schema.String }) {
  override get message() {
    return this.problem
  }
}

/** Why a secret could not be sealed or opened. Names places and keys, never holds a secret. */
export class VaultError extends Schema.TaggedError<VaultError>()("VaultError", {
  reason: Schema.Union([Tampered, UnknownMasterKey, NoDataKey, Malformed])
}) {
  override get message() {
    return this.reason.message
  }
}

/** The master keys at hand do not fit the database: nothing may start on them. */
export class VaultStartError extends Schema.TaggedError<VaultStartError>()("VaultStartError", {
  masterKeyId: MasterKeyId,
  problem: Schema.Literals(["missing", "wrong"])
}) {
  override get message() {
    return this.problem === "missing"
      ? `The database holds data keys that the master key "${this.masterKeyId}" wraps, and the key ring has no such key. Add it to MASTER_KEYS again (behind the current key), or restore the key file that belongs to this database`
      : `The master key "${this.masterKeyId}" is not the one that wrapped this database's data keys. Restore the original key under this id in MASTER_KEYS or in the key file, and give a new key a new id`
  }
}
