import { Schema } from "effect"
import { User } from "./Account.ts"
import { App } from "./App.ts"
import { AuthorAssociation, comment, Reactions } from "./Repository.ts"
import { nullish, open, optional } from "./Words.ts"

/** A label of issues, pull requests and discussions. */
export class Label extends Schema.Opaque<Label>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: Schema.String,
    url: Schema.String,
    name: Schema.String,
    description: nullish(Schema.String),
    color: Schema.String,
    default: Schema.Boolean
  })
) {}

/** What issues and pull requests are to be done by. */
export class Milestone extends Schema.Opaque<Milestone>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: Schema.String,
    url: Schema.String,
    html_url: Schema.String,
    number: Schema.Number,
    title: Schema.String,
    description: Schema.NullOr(Schema.String),
    creator: Schema.NullOr(User),
    open_issues: Schema.Number,
    closed_issues: Schema.Number,
    state: open(["open", "closed"]),
    created_at: Schema.String,
    updated_at: Schema.String,
    due_on: Schema.NullOr(Schema.String),
    closed_at: Schema.NullOr(Schema.String)
  })
) {}

/** Why a conversation is locked. */
export const LockReason = Schema.NullOr(open(["resolved", "off-topic", "too heated", "spam"]))

/** An issue, or a pull request seen as one: it has `pull_request` then. */
export class Issue extends Schema.Opaque<Issue>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: Schema.String,
    url: Schema.String,
    html_url: Schema.String,
    repository_url: Schema.String,
    number: Schema.Number,
    title: Schema.String,
    body: Schema.NullOr(Schema.String),
    user: Schema.NullOr(User),
    labels: optional(Schema.Array(Label)),
    state: optional(open(["open", "closed"])),
    state_reason: nullish(open(["completed", "not_planned", "duplicate", "reopened"])),
    locked: optional(Schema.Boolean),
    active_lock_reason: optional(LockReason),
    assignee: nullish(User),
    assignees: Schema.Array(Schema.NullOr(User)),
    milestone: Schema.NullOr(Milestone),
    comments: Schema.Number,
    created_at: Schema.String,
    updated_at: Schema.String,
    closed_at: Schema.NullOr(Schema.String),
    author_association: AuthorAssociation,
    draft: optional(Schema.Boolean),
    performed_via_github_app: nullish(App),
    pull_request: optional(
      Schema.Struct({
        url: optional(Schema.String),
        html_url: optional(Schema.String),
        merged_at: nullish(Schema.String)
      })
    ),
    reactions: optional(Reactions)
  })
) {}

/** A comment on an issue or a pull request. */
export class IssueComment extends Schema.Opaque<IssueComment>()(
  Schema.Struct({ ...comment, issue_url: Schema.String, performed_via_github_app: nullish(App) })
) {}
