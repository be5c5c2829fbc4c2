import { Schema } from "effect"
import { User } from "./Account.ts"
import { nullish, open, optional } from "./Words.ts"

/** What somebody has of a plan of the Marketplace. */
export class MarketplacePurchase extends Schema.Opaque<MarketplacePurchase>()(
  Schema.Struct({
    account: Schema.Struct({
      type: Schema.String,
      id: Schema.Number,
      node_id: optional(Schema.String),
      login: Schema.String,
      organization_billing_email: nullish(Schema.String)
    }),
    billing_cycle: open(["monthly", "yearly"]),
    unit_count: Schema.Number,
    on_free_trial: Schema.NullOr(Schema.Boolean),
    free_trial_ends_on: Schema.NullOr(Schema.String),
    next_billing_date: nullish(Schema.String),
    plan: Schema.Struct({
      id: Schema.Number,
      name: Schema.String,
      description: Schema.String,
      monthly_price_in_cents: Schema.Number,
      yearly_price_in_cents: Schema.Number,
      price_model: open(["FREE", "FLAT_RATE", "PER_UNIT"]),
      has_free_trial: Schema.Boolean,
      unit_name: Schema.NullOr(Schema.String),
      bullets: Schema.Array(Schema.NullOr(Schema.String))
    })
  })
) {}

/** What a sponsor pays. */
export class SponsorshipTier extends Schema.Opaque<SponsorshipTier>()(
  Schema.Struct({
    node_id: Schema.String,
    name: Schema.String,
    description: Schema.String,
    monthly_price_in_cents: Schema.Number,
    monthly_price_in_dollars: Schema.Number,
    is_one_time: optional(Schema.Boolean),
    is_custom_amount: optional(Schema.Boolean),
    created_at: Schema.String
  })
) {}

/** Who sponsors whom. */
export class Sponsorship extends Schema.Opaque<Sponsorship>()(
  Schema.Struct({
    node_id: Schema.String,
    privacy_level: open(["public", "private"]),
    sponsorable: Schema.NullOr(User),
    sponsor: Schema.NullOr(User),
    tier: SponsorshipTier,
    created_at: Schema.String
  })
) {}
