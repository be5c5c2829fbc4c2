import { Schema } from "effect"
import { Enterprise, User } from "./Account.ts"
import { Moment, nullish, open, optional } from "./Words.ts"

/** What an app may do, by area: `read`, `write` or `admin`. */
export const Permissions = Schema.Record(Schema.String, open(["read", "write", "admin"]))

/** A GitHub App. */
export class App extends Schema.Opaque<App>()(
  Schema.Struct({
    id: Schema.NullOr(Schema.Number),
    slug: optional(Schema.String),
    node_id: Schema.String,
    owner: Schema.NullOr(Schema.Union([User, Enterprise])),
    name: Schema.String,
    description: Schema.NullOr(Schema.String),
    external_url: Schema.NullOr(Schema.String),
    html_url: Schema.String,
    created_at: Schema.NullOr(Schema.String),
    updated_at: Schema.NullOr(Schema.String),
    permissions: optional(Permissions),
    events: optional(Schema.Array(Schema.String))
  })
) {}

/** The installation that a webhook came for. */
export class InstallationReference extends Schema.Opaque<InstallationReference>()(
  Schema.Struct({ id: Schema.Number, node_id: optional(Schema.String) })
) {}

/** An app as it is installed on an account. */
export class Installation extends Schema.Opaque<Installation>()(
  Schema.Struct({
    id: Schema.Number,
    account: Schema.NullOr(Schema.Union([User, Enterprise])),
    repository_selection: open(["all", "selected"]),
    access_tokens_url: Schema.String,
    repositories_url: Schema.String,
    html_url: Schema.String,
    app_id: Schema.Number,
    app_slug: optional(Schema.String),
    target_id: Schema.Number,
    target_type: open(["User", "Organization"]),
    permissions: Permissions,
    events: Schema.Array(Schema.String),
    created_at: Moment,
    updated_at: Moment,
    single_file_name: Schema.NullOr(Schema.String),
    suspended_by: nullish(User),
    suspended_at: nullish(Schema.String)
  })
) {}
