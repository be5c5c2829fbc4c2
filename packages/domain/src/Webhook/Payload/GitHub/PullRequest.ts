import { Schema } from "effect"
import { Team, User } from "./Account.ts"
import { Label, LockReason, Milestone } from "./Issue.ts"
import { AuthorAssociation, comment, Repository } from "./Repository.ts"
import { nullish, open, optional } from "./Words.ts"

const branch = { label: Schema.NullOr(Schema.String), ref: Schema.String, sha: Schema.String }

/** How a pull request is to be merged once it may be. */
export class AutoMerge extends Schema.Opaque<AutoMerge>()(
  Schema.Struct({
    enabled_by: Schema.NullOr(User),
    merge_method: open(["merge", "squash", "rebase"]),
    commit_title: Schema.NullOr(Schema.String),
    commit_message: Schema.NullOr(Schema.String)
  })
) {}

/** A pull request, as it stands beside a review. */
export class PullRequestSummary extends Schema.Opaque<PullRequestSummary>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: Schema.String,
    url: Schema.String,
    html_url: Schema.String,
    diff_url: Schema.String,
    patch_url: Schema.String,
    issue_url: Schema.String,
    number: Schema.Number,
    state: open(["open", "closed"]),
    locked: Schema.Boolean,
    title: Schema.String,
    body: Schema.NullOr(Schema.String),
    user: Schema.NullOr(User),
    created_at: Schema.String,
    updated_at: Schema.String,
    closed_at: Schema.NullOr(Schema.String),
    merged_at: Schema.NullOr(Schema.String),
    merge_commit_sha: Schema.NullOr(Schema.String),
    assignee: nullish(User),
    assignees: Schema.Array(Schema.NullOr(User)),
    requested_reviewers: Schema.Array(Schema.NullOr(Schema.Union([User, Team]))),
    requested_teams: Schema.Array(Team),
    labels: Schema.Array(Label),
    milestone: Schema.NullOr(Milestone),
    draft: optional(Schema.Boolean),
    /** Where the change comes from; the repository is null once it is deleted. */
    head: Schema.Struct({ ...branch, user: Schema.NullOr(User), repo: Schema.NullOr(Repository) }),
    /** Where the change goes to. */
    base: Schema.Struct({ ...branch, user: Schema.NullOr(User), repo: Repository }),
    author_association: AuthorAssociation,
    auto_merge: nullish(AutoMerge),
    active_lock_reason: optional(LockReason)
  })
) {}

/** A pull request. */
export class PullRequest extends Schema.Opaque<PullRequest>()(
  Schema.Struct({
    ...PullRequestSummary.fields,
    merged: nullish(Schema.Boolean),
    /** Null until GitHub has found out. */
    mergeable: nullish(Schema.Boolean),
    rebaseable: nullish(Schema.Boolean),
    mergeable_state: optional(
      open(["behind", "blocked", "clean", "dirty", "draft", "has_hooks", "unknown", "unstable"])
    ),
    merged_by: nullish(User),
    comments: optional(Schema.Number),
    review_comments: optional(Schema.Number),
    maintainer_can_modify: optional(Schema.Boolean),
    commits: optional(Schema.Number),
    additions: optional(Schema.Number),
    deletions: optional(Schema.Number),
    changed_files: optional(Schema.Number)
  })
) {}

/** What somebody said of a pull request as a whole. */
export class Review extends Schema.Opaque<Review>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: Schema.String,
    html_url: Schema.String,
    pull_request_url: Schema.String,
    user: Schema.NullOr(User),
    body: Schema.NullOr(Schema.String),
    commit_id: Schema.NullOr(Schema.String),
    submitted_at: Schema.NullOr(Schema.String),
    state: open(["commented", "changes_requested", "approved", "dismissed"]),
    author_association: AuthorAssociation
  })
) {}

const Side = open(["LEFT", "RIGHT"])

/** A comment on lines of a pull request. */
export class ReviewComment extends Schema.Opaque<ReviewComment>()(
  Schema.Struct({
    ...comment,
    pull_request_review_id: Schema.NullOr(Schema.Number),
    pull_request_url: Schema.String,
    in_reply_to_id: optional(Schema.Number),
    diff_hunk: Schema.String,
    path: Schema.String,
    commit_id: Schema.String,
    original_commit_id: Schema.String,
    position: Schema.NullOr(Schema.Number),
    original_position: optional(Schema.Number),
    line: nullish(Schema.Number),
    original_line: nullish(Schema.Number),
    side: optional(Side),
    start_line: nullish(Schema.Number),
    original_start_line: nullish(Schema.Number),
    start_side: nullish(Side),
    subject_type: optional(open(["line", "file"]))
  })
) {}
