import { Schema } from "effect"
import { HeaderName, WebUrl } from "./Http.ts"
import { typeId } from "./Id.ts"
import { Status } from "./Lifecycle.ts"
import { CustomerId, DisplayName } from "./Tenant.ts"
import { storable } from "./Text.ts"

export const IntegrationId = typeId("int").pipe(Schema.brand("IntegrationId"))
export type IntegrationId = typeof IntegrationId.Type

/** The vendors with typed operations; a tenant has one integration of each. */
export const DeepIntegrationType = Schema.Literals(["stripe", "workos", "github", "cloudflare"]).annotate({
  identifier: "DeepIntegrationType"
})
export type DeepIntegrationType = typeof DeepIntegrationType.Type

/** Every kind of integration, of both tiers. */
export const IntegrationType = Schema.Literals([
  ...DeepIntegrationType.literals,
  "api_key",
  "oauth"
]).annotate({
  identifier: "IntegrationType"
})
export type IntegrationType = typeof IntegrationType.Type

/** What both tiers tell of where an integration stands. */
export const Standing = {
  status: Status,
  connectedAt: Schema.optionalKey(Schema.DateTimeUtcFromString),
  /** The last operation that succeeded. */
  lastActivityAt: Schema.optionalKey(Schema.DateTimeUtcFromString),
  /** Why the status is `error`. */
  error: Schema.optionalKey(Schema.String)
}

/** Where a service expects its API key. */
export const ApiKeyPlacement = Schema.Union([
  Schema.Struct({ in: Schema.tag("bearer") }),
  Schema.Struct({ in: Schema.tag("header"), name: HeaderName }),
  Schema.Struct({ in: Schema.tag("query"), name: Schema.NonEmptyString.check(Schema.isMaxLength(100)) }),
  Schema.Struct({ in: Schema.tag("basic"), username: Schema.String.check(Schema.isMaxLength(200)) })
]).annotate({ identifier: "ApiKeyPlacement", description: "Where a service expects its API key." })

/** A credential on its way in: 1 to 8192 characters, sealed at once and never shown again. */
export const Credential = Schema.RedactedFromValue(
  Schema.NonEmptyString.check(Schema.isMaxLength(8192), storable).annotate({ format: "password" })
)

/** A generic integration: a service reached with an API key. */
export class Integration extends Schema.Class<Integration>("Integration")({
  id: IntegrationId,
  type: Schema.Literal("api_key"),
  name: DisplayName,
  baseUrl: WebUrl,
  placement: ApiKeyPlacement,
  customerId: Schema.optionalKey(CustomerId),
  ...Standing,
  createdAt: Schema.DateTimeUtcFromString,
  updatedAt: Schema.DateTimeUtcFromString
}) {}

/** A generic integration to add. */
export const NewIntegration = Schema.Struct({
  type: Schema.tag("api_key"),
  name: DisplayName,
  baseUrl: WebUrl,
  placement: ApiKeyPlacement,
  credential: Credential,
  customerId: Schema.optionalKey(CustomerId)
})
  .annotate({ identifier: "NewIntegration" })
  .pipe(
    Schema.annotateEncoded({
      examples: [
        {
          type: "api_key",
          name: "Billing",
          baseUrl: "https://api.example.com",
          placement: { in: "bearer" },
          credential: "the service's API key"
        }
      ]
    })
  )
export type NewIntegration = typeof NewIntegration.Type

/** What of a generic integration may change. Another host needs the credential entered again. */
export const IntegrationPatch = Schema.Struct({
  name: Schema.optionalKey(DisplayName),
  baseUrl: Schema.optionalKey(WebUrl),
  placement: Schema.optionalKey(ApiKeyPlacement),
  credential: Schema.optionalKey(Credential)
}).annotate({ identifier: "IntegrationPatch" })
export type IntegrationPatch = typeof IntegrationPatch.Type
