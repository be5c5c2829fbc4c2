import { Schema, Struct } from "effect"
import { described } from "../Described.ts"

/** The WorkOS features that a tenant's organization uses. */
export const WorkOSFeatures = Schema.Struct({
  sso: Schema.Boolean.pipe(described("Single sign-on.")),
  directorySync: Schema.Boolean.pipe(described("Users and groups from the organization's directory.")),
  adminPortal: Schema.Boolean.pipe(described("Set-up by the organization's own administrators.")),
  auditLogs: Schema.Boolean.pipe(described("Audit logs that the organization can export."))
}).annotate({ identifier: "WorkOSFeatures" })

/** What is known of a tenant's WorkOS organization. */
export class WorkOSConfiguration extends Schema.Class<WorkOSConfiguration>("WorkOSConfiguration")({
  organizationId: Schema.optionalKey(Schema.NonEmptyString).pipe(
    described("The organization's id in WorkOS.")
  ),
  ssoConnectionId: Schema.optionalKey(Schema.NonEmptyString).pipe(
    described("The id of its single sign-on connection in WorkOS.")
  ),
  directoryConnectionId: Schema.optionalKey(Schema.NonEmptyString).pipe(
    described("The id of its directory connection in WorkOS.")
  ),
  features: WorkOSFeatures.pipe(described("The features in use.")),
  ssoProviders: Schema.Array(Schema.NonEmptyString.check(Schema.isMaxLength(100)))
    .check(Schema.isMaxLength(50))
    .pipe(described("The identity providers offered at sign-in, such as `GoogleOAuth` or `OktaSAML`."))
}) {
  static readonly initial = new WorkOSConfiguration({
    features: { sso: false, directorySync: false, adminPortal: false, auditLogs: false },
    ssoProviders: []
  })
}

/** The fields that a tenant sets; WorkOS proves the others. */
export const WorkOSSettings = Schema.Struct(
  Struct.map(Struct.pick(WorkOSConfiguration.fields, ["features", "ssoProviders"]), Schema.optionalKey)
).annotate({ identifier: "WorkOSSettings" })
