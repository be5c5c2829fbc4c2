import { Schema, Struct } from "effect"

/** The kind of connected account (Stripe Connect). */
export const AccountType = Schema.Literals(["standard", "express", "custom"])

/** What is known of a tenant's Stripe Connect account. */
export class StripeConfiguration extends Schema.Class<StripeConfiguration>("StripeConfiguration")({
  accountId: Schema.optionalKey(Schema.NonEmptyString),
  accountType: AccountType,
  chargesEnabled: Schema.Boolean,
  payoutsEnabled: Schema.Boolean,
  /** The platform's share of each charge, in percent. */
  platformFeePercent: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 100 }))
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
