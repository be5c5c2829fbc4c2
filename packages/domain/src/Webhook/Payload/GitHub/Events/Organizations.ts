import { Schema } from "effect"
import { whole } from "../../Whole.ts"
import { Membership, Organization, Team, User } from "../Account.ts"
import { InstallationReference } from "../App.ts"
import { inRepository, Repository } from "../Repository.ts"
import { from, fromText, nullish, on, open, optional } from "../Words.ts"

const inOrganization = {
  organization: Organization,
  sender: User,
  installation: optional(InstallationReference)
}

// An enterprise has properties too, without an organization.
const inEnterprise = { ...inOrganization, organization: optional(Organization), sender: optional(User) }

const inTeam = { team: Team, repository: optional(Repository), ...inOrganization }

const Invitation = Schema.Struct({
  id: Schema.Number,
  node_id: Schema.String,
  login: Schema.NullOr(Schema.String),
  email: Schema.NullOr(Schema.String),
  role: Schema.String,
  inviter: Schema.NullOr(User),
  team_count: Schema.Number,
  created_at: Schema.String,
  failed_at: Schema.NullOr(Schema.String),
  failed_reason: Schema.NullOr(Schema.String)
})

const CustomProperty = Schema.Struct({
  property_name: Schema.String,
  value_type: open(["string", "single_select", "multi_select", "true_false", "url"]),
  required: optional(Schema.Boolean),
  default_value: optional(Schema.Unknown),
  description: nullish(Schema.String),
  allowed_values: nullish(Schema.Array(Schema.String)),
  values_editable_by: nullish(open(["org_actors", "org_and_repo_actors"]))
})

const PropertyValues = Schema.Array(
  Schema.Struct({
    property_name: Schema.String,
    value: Schema.Unknown
  })
)

/** What happens to organizations, their people and their teams. */
export const organizationEvents = {
  /** An organization changed, or who is in it. */
  organization: whole(() =>
    Schema.Union([
      on(["member_added", "member_removed"], { ...inOrganization, membership: Membership }),
      on(["member_invited"], { ...inOrganization, invitation: Invitation, user: nullish(User) }),
      on(["renamed"], { ...inOrganization, changes: optional(Schema.Struct({ login: fromText })) }),
      on(["deleted"], { ...inOrganization, membership: optional(Membership) })
    ])
  ),

  /** Somebody was blocked, or no longer is. */
  org_block: whole(() =>
    on(["blocked", "unblocked"], { ...inOrganization, blocked_user: Schema.NullOr(User) })
  ),

  /** Somebody came to a repository, or left it. */
  member: whole(() =>
    Schema.Union([
      on(["added"], {
        ...inRepository,
        member: Schema.NullOr(User),
        changes: optional(
          Schema.Struct({
            permission: optional(Schema.Struct({ to: open(["read", "write", "admin"]) })),
            role_name: optional(Schema.Struct({ to: Schema.String }))
          })
        )
      }),
      on(["edited"], {
        ...inRepository,
        member: Schema.NullOr(User),
        changes: Schema.Struct({
          old_permission: fromText,
          permission: optional(Schema.Struct({ from: nullish(Schema.String), to: nullish(Schema.String) }))
        })
      }),
      on(["removed"], { ...inRepository, member: Schema.NullOr(User) })
    ])
  ),

  /** Somebody came to a team, or left it. */
  membership: whole(() =>
    on(["added", "removed"], {
      ...inOrganization,
      scope: open(["team", "organization"]),
      member: Schema.NullOr(User),
      team: Team
    })
  ),

  /** A team changed, or what it may do. */
  team: whole(() =>
    Schema.Union([
      on(["created", "deleted", "added_to_repository", "removed_from_repository"], inTeam),
      on(["edited"], {
        ...inTeam,
        changes: Schema.Struct({
          description: fromText,
          name: fromText,
          privacy: fromText,
          repository: optional(
            Schema.Struct({
              permissions: from(
                Schema.Struct({
                  admin: optional(Schema.Boolean),
                  pull: optional(Schema.Boolean),
                  push: optional(Schema.Boolean)
                })
              )
            })
          )
        })
      })
    ])
  ),

  /** A team may see a repository. */
  team_add: whole(() => Schema.Struct({ ...inRepository, team: Team })),

  /** A property that repositories have was defined, or no longer is. */
  custom_property: whole(() =>
    Schema.Union([
      on(["created", "updated", "promote_to_enterprise"], {
        ...inEnterprise,
        definition: CustomProperty
      }),
      on(["deleted"], {
        ...inEnterprise,
        definition: Schema.Struct({ property_name: Schema.String })
      })
    ])
  ),

  /** A repository has other properties. */
  custom_property_values: whole(() =>
    on(["updated"], {
      ...inOrganization,
      sender: optional(User),
      repository: Repository,
      new_property_values: PropertyValues,
      old_property_values: PropertyValues
    })
  )
}
