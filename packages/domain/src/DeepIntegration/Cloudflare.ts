import { Schema, Struct } from "effect"

const Name = Schema.NonEmptyString.check(Schema.isMaxLength(255))
const Names = Schema.Array(Name).check(Schema.isMaxLength(1000), Schema.isUnique())

/** What is known of a tenant's Cloudflare account. */
export class CloudflareConfiguration extends Schema.Class<CloudflareConfiguration>("CloudflareConfiguration")(
  {
    accountId: Schema.optionalKey(Schema.NonEmptyString),
    zoneIds: Names,
    /** The dispatch namespace of Workers for Platforms. */
    workersNamespace: Schema.optionalKey(Name),
    kvNamespaces: Names,
    r2Buckets: Names,
    d1Databases: Names,
    durableObjectNamespaces: Names
  }
) {
  static readonly initial = new CloudflareConfiguration({
    zoneIds: [],
    kvNamespaces: [],
    r2Buckets: [],
    d1Databases: [],
    durableObjectNamespaces: []
  })
}

/** The fields that a tenant sets; a token that answers proves the account. */
export const CloudflareSettings = Schema.Struct(
  Struct.map(Struct.omit(CloudflareConfiguration.fields, ["accountId"]), Schema.optionalKey)
).annotate({ identifier: "CloudflareSettings" })
