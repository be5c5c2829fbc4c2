import { Schema } from "effect"
import { described } from "./Described.ts"
import { typeId } from "./Id.ts"
import { Timestamp } from "./Time.ts"

/** The id of an entry of the audit log. */
export const AuditEntryId = typeId("aud").pipe(Schema.brand("AuditEntryId"))
export type AuditEntryId = typeof AuditEntryId.Type

/** One entry of the audit log: who did what to which thing. Never holds a secret. */
export class AuditEntry extends Schema.Class<AuditEntry>("AuditEntry")({
  id: AuditEntryId.pipe(described("The entry's id.")),
  actor: Schema.String.pipe(
    described("Who did it: the id of an API key, `root` for the operator, or `system`.")
  ),
  action: Schema.String.pipe(described("What was done, such as `integration.added`.")),
  target: Schema.String.pipe(described("The id of what it was done to.")),
  details: Schema.Record(Schema.String, Schema.Json).pipe(
    described("What else there is to say of it. Never a secret.")
  ),
  at: Timestamp.pipe(described("When it was done.")),
  number: Schema.optionalKey(Schema.Int).pipe(
    described("Its place in the tenant's hash chain, from 1; left out until the sealer has come by.")
  ),
  hash: Schema.optionalKey(Schema.String).pipe(
    described("SHA-256 of the entry and the hash before it, in hex.")
  )
}) {}

/** What a check of a tenant's hash chain found. */
export const AuditVerification = Schema.Struct({
  intact: Schema.Boolean.pipe(described("Every sealed entry is there, in order and unchanged.")),
  sealed: Schema.Int.pipe(described("Entries in the chain.")),
  unsealed: Schema.Int.pipe(described("Entries written and not yet chained; a moment later they are.")),
  brokenAt: Schema.optionalKey(Schema.Int).pipe(
    described("The place of the first entry that is missing or was changed.")
  ),
  head: Schema.optionalKey(Schema.String).pipe(described("The hash that the chain ends with, in hex."))
}).annotate({ identifier: "AuditVerification" })
export type AuditVerification = typeof AuditVerification.Type
