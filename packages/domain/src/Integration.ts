import { Schema } from "effect"
import { described } from "./Described.ts"
import { HeaderName, WebUrl } from "./Http.ts"
import { typeId } from "./Id.ts"
import { Status } from "./Lifecycle.ts"
import { Secret } from "./Secret.ts"
import { CustomerId, DisplayName } from "./Tenant.ts"
import { storable } from "./Text.ts"
import { Timestamp } from "./Time.ts"

/** The id of a generic integration. */
export const IntegrationId = typeId("int").pipe(Schema.brand("IntegrationId"))
export type IntegrationId = typeof IntegrationId.Type

/** The vendors with typed operations; a tenant has one integration of each. */
export const DeepIntegrationType = Schema.Literals(["stripe", "workos", "github", "cloudflare"]).annotate({
  identifier: "DeepIntegrationType",
  description: "The vendor of a deep integration."
})
export type DeepIntegrationType = typeof DeepIntegrationType.Type

/** Every kind of integration, of both tiers. */
export const IntegrationType = Schema.Literals([
  ...DeepIntegrationType.literals,
  "api_key",
  "oauth",
  "outbound_webhook"
]).annotate({
  identifier: "IntegrationType"
})
export type IntegrationType = typeof IntegrationType.Type

/** What both tiers tell of where an integration stands. */
export const Standing = {
  status: Status.pipe(described("Where it stands in its lifecycle.")),
  connectedAt: Schema.optionalKey(Timestamp).pipe(described("When it last became active.")),
  lastActivityAt: Schema.optionalKey(Timestamp).pipe(described("When an operation last succeeded.")),
  error: Schema.optionalKey(Schema.String).pipe(described("Why the status is `error`."))
}

/** Where a service expects its API key. */
export const ApiKeyPlacement = Schema.Union([
  Schema.Struct({ in: Schema.tag("bearer").pipe(described("`Authorization: Bearer` and the key.")) }),
  Schema.Struct({
    in: Schema.tag("header").pipe(described("A header that holds the key.")),
    name: HeaderName.pipe(described("The header's name, such as `X-Api-Key`."))
  }),
  Schema.Struct({
    in: Schema.tag("query").pipe(described("A query parameter that holds the key.")),
    name: Schema.NonEmptyString.check(Schema.isMaxLength(100)).pipe(described("The parameter's name."))
  }),
  Schema.Struct({
    in: Schema.tag("basic").pipe(described("`Authorization: Basic` with the key as the password.")),
    username: Schema.String.check(Schema.isMaxLength(200)).pipe(
      described("The user name beside it; may be empty.")
    )
  })
]).annotate({ identifier: "ApiKeyPlacement", description: "Where a service expects its API key." })

/** A credential on its way in: 1 to 8192 characters, sealed at once and never shown again. */
export const Credential = Secret(
  Schema.String.check(storable, Schema.isMinLength(1), Schema.isMaxLength(8192))
)

/** A generic integration: a service reached with an API key. */
export class Integration extends Schema.Class<Integration>("Integration")({
  id: IntegrationId.pipe(described("The integration's id.")),
  type: Schema.Literal("api_key").pipe(described("How the service is reached: with an API key.")),
  name: DisplayName.pipe(described("The service in the tenant's words.")),
  baseUrl: WebUrl.pipe(described("What the paths of requests to the service are appended to.")),
  placement: ApiKeyPlacement.pipe(described("Where the service expects its API key.")),
  customerId: Schema.optionalKey(CustomerId).pipe(
    described("The customer it belongs to; left out: the tenant itself.")
  ),
  ...Standing,
  createdAt: Timestamp.pipe(described("When it was added.")),
  updatedAt: Timestamp.pipe(described("When it was last changed."))
}) {}

/** A generic integration to add. */
export const NewIntegration = Schema.Struct({
  type: Schema.tag("api_key").pipe(described("How the service is reached: with an API key.")),
  name: Integration.fields.name,
  baseUrl: Integration.fields.baseUrl,
  placement: Integration.fields.placement,
  credential: Credential.pipe(described("The service's API key. Sealed at once and never shown again.")),
  customerId: Integration.fields.customerId
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
  name: Schema.optionalKey(Integration.fields.name),
  baseUrl: Schema.optionalKey(Integration.fields.baseUrl),
  placement: Schema.optionalKey(Integration.fields.placement),
  credential: Schema.optionalKey(NewIntegration.fields.credential)
}).annotate({ identifier: "IntegrationPatch" })
export type IntegrationPatch = typeof IntegrationPatch.Type
