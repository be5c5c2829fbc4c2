import { Schema } from "effect"
import { whole } from "../../Whole.ts"
import { Organization, User } from "../Account.ts"
import { Installation, InstallationReference } from "../App.ts"
import { Hook } from "../Hook.ts"
import { MarketplacePurchase, Sponsorship, SponsorshipTier } from "../Purchase.ts"
import { inAccount, InstalledRepository, Repository } from "../Repository.ts"
import { from, fromText, nullish, on, open, optional } from "../Words.ts"

const repositories = Schema.Array(InstalledRepository)

const inSponsorship = { sponsorship: Sponsorship, sender: User, effective_date: optional(Schema.String) }

/** What happens to apps, to webhooks, and to what is paid for. */
export const appEvents = {
  /** A webhook was made; this is its first message. */
  ping: whole(() =>
    Schema.Struct({
      /** A saying. */
      zen: Schema.String,
      hook_id: Schema.Number,
      hook: Hook,
      repository: optional(Repository),
      organization: optional(Organization),
      sender: optional(User)
    })
  ),

  /** The webhook itself was deleted. */
  meta: whole(() =>
    on(["deleted"], { hook_id: Schema.Number, hook: Hook, repository: nullish(Repository), ...inAccount })
  ),

  /** An app was installed, or its installation changed. */
  installation: whole(() =>
    on(["created", "deleted", "new_permissions_accepted", "suspend", "unsuspend"], {
      installation: Installation,
      repositories: optional(repositories),
      requester: nullish(User),
      sender: User
    })
  ),

  /** An installation may see other repositories. */
  installation_repositories: whole(() =>
    on(["added", "removed"], {
      installation: Installation,
      repository_selection: open(["all", "selected"]),
      repositories_added: repositories,
      repositories_removed: repositories,
      requester: nullish(User),
      sender: User
    })
  ),

  /** The account that an app is installed on has another name. */
  installation_target: whole(() =>
    on(["renamed"], {
      account: Schema.Struct({
        id: Schema.Number,
        node_id: Schema.String,
        login: optional(Schema.String),
        slug: optional(Schema.String),
        name: optional(Schema.String),
        html_url: Schema.String
      }),
      changes: Schema.Struct({
        login: optional(from(Schema.String)),
        slug: optional(from(Schema.String))
      }),
      target_type: Schema.String,
      installation: InstallationReference,
      repository: optional(Repository),
      organization: optional(Organization),
      sender: optional(User)
    })
  ),

  /** Somebody took an app's authorization back. */
  github_app_authorization: whole(() => on(["revoked"], { sender: User })),

  /** Somebody bought something, or changed a plan. */
  marketplace_purchase: whole(() =>
    on(["cancelled", "changed", "pending_change", "pending_change_cancelled", "purchased"], {
      effective_date: Schema.String,
      marketplace_purchase: MarketplacePurchase,
      previous_marketplace_purchase: optional(MarketplacePurchase),
      sender: User
    })
  ),

  /** Somebody sponsors somebody, or no longer does. */
  sponsorship: whole(() =>
    Schema.Union([
      on(["created", "cancelled", "pending_cancellation"], inSponsorship),
      on(["edited"], { ...inSponsorship, changes: Schema.Struct({ privacy_level: fromText }) }),
      on(["tier_changed", "pending_tier_change"], {
        ...inSponsorship,
        changes: Schema.Struct({ tier: from(SponsorshipTier) })
      })
    ])
  )
}
