import { Schema } from "effect"
import { Organization, User } from "./Account.ts"
import { InstallationReference } from "./App.ts"
import { Anything, Moment, open, optional } from "./Words.ts"

/** The license of a repository. */
export class License extends Schema.Opaque<License>()(
  Schema.Struct({
    key: Schema.String,
    name: Schema.String,
    spdx_id: Schema.NullOr(Schema.String),
    url: Schema.NullOr(Schema.String),
    node_id: Schema.String
  })
) {}

/** A repository by its name alone. */
export class RepositoryName extends Schema.Opaque<RepositoryName>()(
  Schema.Struct({ id: Schema.Number, url: Schema.String, name: Schema.String })
) {}

/** A repository as an installation lists it. */
export class InstalledRepository extends Schema.Opaque<InstalledRepository>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: Schema.String,
    name: Schema.String,
    full_name: Schema.String,
    private: Schema.Boolean
  })
) {}

/** A repository in short. */
export class RepositorySummary extends Schema.Opaque<RepositorySummary>()(
  Schema.Struct({
    ...InstalledRepository.fields,
    owner: Schema.NullOr(User),
    html_url: Schema.String,
    url: Schema.String,
    description: Schema.NullOr(Schema.String),
    fork: Schema.Boolean
  })
) {}

/** A repository. */
export class Repository extends Schema.Opaque<Repository>()(
  Schema.Struct({
    ...RepositorySummary.fields,
    owner: User,
    /** Unix seconds in `push`. */
    created_at: Schema.NullOr(Moment),
    updated_at: Schema.NullOr(Moment),
    /** Unix seconds in `push`; null before the first one. */
    pushed_at: Schema.NullOr(Moment),
    git_url: Schema.String,
    ssh_url: Schema.String,
    clone_url: Schema.String,
    homepage: Schema.NullOr(Schema.String),
    language: Schema.NullOr(Schema.String),
    license: Schema.NullOr(License),
    size: Schema.Number,
    stargazers_count: Schema.Number,
    watchers_count: Schema.Number,
    forks_count: Schema.Number,
    open_issues_count: Schema.Number,
    default_branch: Schema.String,
    archived: Schema.Boolean,
    disabled: optional(Schema.Boolean),
    has_issues: Schema.Boolean,
    has_wiki: Schema.Boolean,
    is_template: optional(Schema.Boolean),
    visibility: optional(open(["public", "private", "internal"])),
    topics: optional(Schema.Array(Schema.String)),
    custom_properties: optional(Anything),
    permissions: optional(
      Schema.Struct({
        pull: Schema.Boolean,
        push: Schema.Boolean,
        admin: Schema.Boolean,
        maintain: optional(Schema.Boolean),
        triage: optional(Schema.Boolean)
      })
    )
  })
) {}

/** What stands beside what happened: the organization and the installation, where there are ones. */
export const around = {
  organization: optional(Organization),
  installation: optional(InstallationReference)
}

/** What stands in nearly every payload: who did it, and where. */
export const inAccount = { sender: User, ...around }

/** What stands in the payload of what happens in a repository. */
export const inRepository = { repository: Repository, ...inAccount }

/** Where a branch stands, in short. */
const Tip = Schema.Struct({ ref: Schema.String, sha: Schema.String, repo: RepositoryName })

/** A pull request by its number and its branches. */
export class PullRequestReference extends Schema.Opaque<PullRequestReference>()(
  Schema.Struct({ id: Schema.Number, number: Schema.Number, url: Schema.String, head: Tip, base: Tip })
) {}

/** How somebody belongs to a repository. */
export const AuthorAssociation = open([
  "COLLABORATOR",
  "CONTRIBUTOR",
  "FIRST_TIMER",
  "FIRST_TIME_CONTRIBUTOR",
  "MANNEQUIN",
  "MEMBER",
  "NONE",
  "OWNER"
])

/** How often each reaction was given. */
export class Reactions extends Schema.Opaque<Reactions>()(
  Schema.Struct({
    url: Schema.String,
    total_count: Schema.Number,
    "+1": Schema.Number,
    "-1": Schema.Number,
    laugh: Schema.Number,
    hooray: Schema.Number,
    confused: Schema.Number,
    heart: Schema.Number,
    rocket: Schema.Number,
    eyes: Schema.Number
  })
) {}

/** What comments have in common. */
export const comment = {
  id: Schema.Number,
  node_id: Schema.String,
  url: optional(Schema.String),
  html_url: Schema.String,
  user: Schema.NullOr(User),
  body: Schema.String,
  created_at: Schema.String,
  updated_at: Schema.String,
  author_association: AuthorAssociation,
  reactions: optional(Reactions)
}
