import { Schema } from "effect"
import { described } from "./Described.ts"
import { typeId } from "./Id.ts"
import { Timestamp } from "./Time.ts"
import { RetryPolicy } from "./Webhook/RetryPolicy.ts"

/** The id of a tenant: one business on the platform. */
export const TenantId = typeId("ten").pipe(Schema.brand("TenantId"))
export type TenantId = typeof TenantId.Type

/**
 * A tenant's own name for one of its customers: 1 to 128 printable characters. Whatever carries a
 * customer is seen by keys of the whole tenant and by keys confined to that customer, by no others.
 */
export const CustomerId = Schema.String.check(
  Schema.isPattern(/^[\x21-\x7e]{1,128}$/u, {
    message: "Expected 1 to 128 printable ASCII characters, no spaces"
  })
)
  .pipe(Schema.brand("CustomerId"))
  .annotate({ identifier: "CustomerId", description: "The tenant's own id of one of its customers." })
export type CustomerId = typeof CustomerId.Type

/** A name that people read: 1 to 200 characters without control characters and lone surrogates. */
export const DisplayName = Schema.String.check(
  Schema.isPattern(/^[^\p{Cc}\p{Cs}]{1,200}$/u, {
    message: "Expected 1 to 200 characters without control characters"
  })
).annotate({ identifier: "DisplayName", description: "A name that people read, 1 to 200 characters." })

/** A tenant as the operator sees it. */
export class Tenant extends Schema.Class<Tenant>("Tenant")({
  id: TenantId.pipe(described("The tenant's id.")),
  name: DisplayName.pipe(described("The name of the business.")),
  createdAt: Timestamp.pipe(described("When the tenant was created."))
}) {}

/** An origin that OAuth flows may return to: scheme and host, and a port where it is not the default. */
export const Origin = Schema.String.annotate({
  description: "An origin such as `https://app.example.com`.",
  format: "uri"
})
  .check(
    Schema.makeFilter(
      (text) =>
        (/^https?:\/\//.test(text) && URL.parse(text)?.origin === text) ||
        "Expected an origin such as https://app.example.com, without a path"
    )
  )
  .annotate({ identifier: "Origin" })

/** What a tenant decides for itself. */
export class TenantSettings extends Schema.Class<TenantSettings>("TenantSettings")({
  returnOrigins: Schema.Array(Origin)
    .check(Schema.isMaxLength(100))
    .pipe(described("Origins that OAuth flows may return to.")),
  endpointCap: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100_000 })).pipe(
    described("How many outbound webhooks the tenant may have.")
  ),
  retentionDays: Schema.Int.check(Schema.isBetween({ minimum: 7, maximum: 365 })).pipe(
    described(
      "Days that events, messages, deliveries and attempts are kept. What is still on its way is kept until it ends."
    )
  ),
  defaultRetry: Schema.optionalKey(RetryPolicy).pipe(
    described("The `retry` of new outbound webhooks that name none; left out: the default schedule.")
  )
}) {
  /** The settings of a tenant that has changed none. */
  static readonly defaults = new TenantSettings({ returnOrigins: [], endpointCap: 1000, retentionDays: 30 })
}
