import { Context, Schema } from "effect"
import { described } from "./Described.ts"
import { typeId } from "./Id.ts"
import { Secret } from "./Secret.ts"
import { CustomerId, DisplayName, type TenantId } from "./Tenant.ts"
import { Timestamp } from "./Time.ts"

/** The id of an API key; not a secret. */
export const ApiKeyId = typeId("key").pipe(Schema.brand("ApiKeyId"))
export type ApiKeyId = typeof ApiKeyId.Type

/** What an API key may do. Each endpoint of the API names the one it needs. */
export const Scope = Schema.Literals([
  "integrations:read",
  "integrations:write",
  "webhooks:read",
  "webhooks:write",
  "events:read",
  "events:publish",
  "proxy:use",
  "secrets:read",
  "stripe:read",
  "stripe:write",
  "workos:read",
  "workos:write",
  "github:read",
  "github:write",
  "cloudflare:read",
  "cloudflare:write",
  "audit:read",
  "keys:admin"
]).annotate({ identifier: "Scope", description: "What an API key may do." })
export type Scope = typeof Scope.Type

/** An API key without its secret. */
export class ApiKey extends Schema.Class<ApiKey>("ApiKey")({
  id: ApiKeyId.pipe(described("The key's id; not a secret.")),
  name: DisplayName.pipe(described("What the key is for, in the tenant's words.")),
  scopes: Schema.Array(Scope).pipe(described("What the key may do.")),
  customerId: Schema.optionalKey(CustomerId).pipe(
    described("Set: the key sees and does nothing outside this customer.")
  ),
  expiresAt: Schema.optionalKey(Timestamp).pipe(described("When the key stops working; left out: never.")),
  lastUsedAt: Schema.optionalKey(Timestamp).pipe(
    described("When the key was last used, to the minute; left out: not yet.")
  ),
  createdAt: Timestamp.pipe(described("When the key was created."))
}) {}

/** A new API key with its secret, `doi_` and 43 characters: shown once, stored only as SHA-256. */
export class CreatedApiKey extends ApiKey.extend<CreatedApiKey>("CreatedApiKey")({
  secret: Secret(Schema.String).pipe(described("The key itself, `doi_` and 43 characters: shown only here."))
}) {}

/** What a caller says of a key to create. */
export const NewApiKey = Schema.Struct({
  name: DisplayName.pipe(described("What the key is for.")),
  scopes: Schema.Array(Scope)
    .check(Schema.isMinLength(1), Schema.isUnique())
    .pipe(described("What the key may do: at most what the caller's own may.")),
  customerId: Schema.optionalKey(CustomerId).pipe(described("Confines the key to this customer.")),
  expiresIn: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 315_360_000 }))
  ).pipe(described("Seconds until the key expires, up to ten years; left out: never."))
}).annotate({
  identifier: "NewApiKey",
  examples: [{ name: "Invoicing", scopes: ["integrations:read", "events:publish"], expiresIn: 86_400 }]
})
export type NewApiKey = typeof NewApiKey.Type

/** Who somebody is, as an API key proves it. */
export interface Identity {
  readonly keyId: ApiKeyId
  readonly tenantId: TenantId
  readonly scopes: ReadonlySet<Scope>
  /** Set: everything that they see and do is confined to this customer. */
  readonly customerId: CustomerId | undefined
}

/** Who makes the request at hand: provided to every handler behind an API key. */
export class Caller extends Context.Service<Caller, Identity>()("@do-integrations/domain/ApiKey/Caller") {}
