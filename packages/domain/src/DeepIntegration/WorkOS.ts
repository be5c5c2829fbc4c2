import { Schema, Struct } from "effect"

/** The WorkOS features that a tenant's organization uses. */
export const WorkOSFeatures = Schema.Struct({
  sso: Schema.Boolean,
  directorySync: Schema.Boolean,
  adminPortal: Schema.Boolean,
  auditLogs: Schema.Boolean
}).annotate({ identifier: "WorkOSFeatures" })

/** What is known of a tenant's WorkOS organization. */
export class WorkOSConfiguration extends Schema.Class<WorkOSConfiguration>("WorkOSConfiguration")({
  organizationId: Schema.optionalKey(Schema.NonEmptyString),
  ssoConnectionId: Schema.optionalKey(Schema.NonEmptyString),
  directoryConnectionId: Schema.optionalKey(Schema.NonEmptyString),
  features: WorkOSFeatures,
  /** The identity providers offered at sign-in, in WorkOS's words, such as `GoogleOAuth` or `OktaSAML`. */
  ssoProviders: Schema.Array(Schema.NonEmptyString.check(Schema.isMaxLength(100))).check(
    Schema.isMaxLength(50)
  )
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
