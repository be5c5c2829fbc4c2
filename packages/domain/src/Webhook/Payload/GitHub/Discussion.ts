import { Schema } from "effect"
import { User } from "./Account.ts"
import { Label } from "./Issue.ts"
import { AuthorAssociation, comment, Reactions } from "./Repository.ts"
import { nullish, open, optional } from "./Words.ts"

/** A category of a repository's discussions. */
export class DiscussionCategory extends Schema.Opaque<DiscussionCategory>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: optional(Schema.String),
    repository_id: Schema.Number,
    emoji: Schema.String,
    name: Schema.String,
    description: Schema.String,
    slug: Schema.String,
    is_answerable: Schema.Boolean,
    created_at: Schema.String,
    updated_at: Schema.String
  })
) {}

/** A discussion of a repository. */
export class Discussion extends Schema.Opaque<Discussion>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: Schema.String,
    html_url: Schema.String,
    repository_url: Schema.String,
    number: Schema.Number,
    title: Schema.String,
    body: Schema.NullOr(Schema.String),
    user: Schema.NullOr(User),
    category: DiscussionCategory,
    labels: optional(Schema.Array(Label)),
    state: open(["open", "closed", "locked", "converting", "transferring"]),
    state_reason: nullish(open(["resolved", "outdated", "duplicate", "reopened"])),
    locked: Schema.Boolean,
    active_lock_reason: Schema.NullOr(Schema.String),
    comments: Schema.Number,
    answer_html_url: Schema.NullOr(Schema.String),
    answer_chosen_at: Schema.NullOr(Schema.String),
    answer_chosen_by: nullish(User),
    created_at: Schema.String,
    updated_at: Schema.String,
    author_association: optional(AuthorAssociation),
    reactions: optional(Reactions)
  })
) {}

/** A comment on a discussion: an answer to another one if it has a parent. */
export class DiscussionComment extends Schema.Opaque<DiscussionComment>()(
  Schema.Struct({
    ...comment,
    parent_id: Schema.NullOr(Schema.Number),
    child_comment_count: Schema.Number,
    discussion_id: Schema.Number,
    repository_url: Schema.String
  })
) {}
