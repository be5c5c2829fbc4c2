import { Schema } from "effect"
import { User } from "./Account.ts"
import { nullish, open, optional } from "./Words.ts"

/** A project of the old kind: a board of columns. */
export class Project extends Schema.Opaque<Project>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: Schema.String,
    url: Schema.String,
    html_url: Schema.String,
    owner_url: Schema.String,
    columns_url: Schema.String,
    name: Schema.String,
    body: Schema.NullOr(Schema.String),
    number: Schema.Number,
    state: open(["open", "closed"]),
    creator: Schema.NullOr(User),
    created_at: Schema.String,
    updated_at: Schema.String
  })
) {}

/** A column of a board. */
export class ProjectColumn extends Schema.Opaque<ProjectColumn>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: Schema.String,
    url: Schema.String,
    project_url: Schema.String,
    cards_url: Schema.String,
    name: Schema.String,
    created_at: Schema.String,
    updated_at: Schema.String
  })
) {}

/** A card of a board: a note, or something else's. */
export class ProjectCard extends Schema.Opaque<ProjectCard>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: Schema.String,
    url: Schema.String,
    project_url: Schema.String,
    column_url: Schema.String,
    column_id: Schema.Number,
    note: Schema.NullOr(Schema.String),
    archived: Schema.Boolean,
    creator: Schema.NullOr(User),
    /** What it stands for, where it is no note. */
    content_url: optional(Schema.String),
    after_id: nullish(Schema.Union([Schema.Number, Schema.String])),
    created_at: Schema.String,
    updated_at: Schema.String
  })
) {}

/** An item of a project. */
export class ProjectItem extends Schema.Opaque<ProjectItem>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: optional(Schema.String),
    project_node_id: optional(Schema.String),
    content_node_id: Schema.String,
    content_type: open(["DraftIssue", "Issue", "PullRequest"]),
    creator: nullish(User),
    created_at: Schema.String,
    updated_at: Schema.String,
    archived_at: Schema.NullOr(Schema.String)
  })
) {}
