import { Schema, Struct } from "effect"
import { described } from "../Described.ts"

/** The kind of connected account (Stripe Connect). */
export const AccountType = Schema.Literals(["standard", "express", "custom"])

/** What is known of a tenant's Stripe Connect account. */
export class StripeConfiguration extends Schema.Class<StripeConfiguration>("StripeConfiguration")({
  accountId: Schema.optionalKey(Schema.NonEmptyString).pipe(
    described("The connected account, such as `acct_1032D82eZvKYlo2C`.")
  ),
  accountType: AccountType.pipe(described("The kind of connected account.")),
  chargesEnabled: Schema.Boolean.pipe(described("Stripe lets the account take charges.")),
  payoutsEnabled: Schema.Boolean.pipe(described("Stripe lets the account receive payouts.")),
  platformFeePercent: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 100 })).pipe(
    described("The platform's share of each charge, in percent.")
  )
}) {
  static readonly initial = new StripeConfiguration({
    accountType: "standard",
    chargesEnabled: false,
    payoutsEnabled: false,
    platformFeePercent: 0
  })
}

/** The fields that a tenant sets; Stripe proves the others. */
export const StripeSettings = Schema.Struct(
  Struct.map(
    Struct.pick(StripeConfiguration.fields, ["accountType", "platformFeePercent"]),
    Schema.optionalKey
  )
).annotate({ identifier: "StripeSettings" })
