import { Schema } from "effect"
import { typeId } from "./Id.ts"

export const AuditEntryId = typeId("aud").pipe(Schema.brand("AuditEntryId"))
export type AuditEntryId = typeof AuditEntryId.Type

/** One entry of the audit log: who did what to which thing. Never holds a secret. */
export class AuditEntry extends Schema.Class<AuditEntry>("AuditEntry")({
  id: AuditEntryId,
  /** The id of the API key, `root` for the operator, or `system`. */
  actor: Schema.String,
  /** Such as `integration.added`. */
  action: Schema.String,
  /** The id of what it was done to. */
  target: Schema.String,
  details: Schema.Record(Schema.String, Schema.Json),
  at: Schema.DateTimeUtcFromString,
  /** Its place in the tenant's hash chain, from 1; left out until the sealer has come by. */
  number: Schema.optionalKey(Schema.Int),
  /** SHA-256 of the entry and the hash before it, in hex. */
  hash: Schema.optionalKey(Schema.String)
}) {}

/** What a check of a tenant's hash chain found. */
export const AuditVerification = Schema.Struct({
  /** Every sealed entry is there, in order and unchanged. */
  intact: Schema.Boolean,
  /** Entries in the chain. */
  sealed: Schema.Int,
  /** Entries written and not yet chained; a moment later they are. */
  unsealed: Schema.Int,
  /** The place of the first entry that is missing or was changed. */
  brokenAt: Schema.optionalKey(Schema.Int),
  /** The hash that the chain ends with, in hex. */
  head: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "AuditVerification" })
export type AuditVerification = typeof AuditVerification.Type
