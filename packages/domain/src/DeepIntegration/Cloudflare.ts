import { Schema, Struct } from "effect"
import { described } from "../Described.ts"

const Name = Schema.NonEmptyString.check(Schema.isMaxLength(255))
const Names = Schema.Array(Name).check(Schema.isMaxLength(1000), Schema.isUnique())

/** What is known of a tenant's Cloudflare account. */
export class CloudflareConfiguration extends Schema.Class<CloudflareConfiguration>("CloudflareConfiguration")(
  {
    accountId: Schema.optionalKey(Schema.NonEmptyString).pipe(
      described("The account, as the tenant's token proves it.")
    ),
    zoneIds: Names.pipe(described("Ids of the zones in use.")),
    workersNamespace: Schema.optionalKey(Name).pipe(
      described("The dispatch namespace of Workers for Platforms.")
    ),
    kvNamespaces: Names.pipe(described("The KV namespaces in use.")),
    r2Buckets: Names.pipe(described("The R2 buckets in use.")),
    d1Databases: Names.pipe(described("The D1 databases in use.")),
    durableObjectNamespaces: Names.pipe(described("The Durable Object namespaces in use."))
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
