import { Schema } from "effect"
import { Team, User } from "./Account.ts"
import { App } from "./App.ts"
import { Anything, nullish, open, optional } from "./Words.ts"

/** Something that is to be brought into an environment. */
export class Deployment extends Schema.Opaque<Deployment>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: Schema.String,
    url: Schema.String,
    sha: Schema.String,
    ref: Schema.String,
    task: Schema.String,
    /** What the one who asked for the deployment put in; JSON text for some. */
    payload: Schema.NullOr(Schema.Union([Anything, Schema.String])),
    environment: Schema.String,
    original_environment: optional(Schema.String),
    transient_environment: optional(Schema.Boolean),
    production_environment: optional(Schema.Boolean),
    description: Schema.NullOr(Schema.String),
    creator: Schema.NullOr(User),
    statuses_url: Schema.String,
    repository_url: Schema.String,
    performed_via_github_app: nullish(App),
    created_at: Schema.String,
    updated_at: Schema.String
  })
) {}

/** How far a deployment is. */
export class DeploymentStatus extends Schema.Opaque<DeploymentStatus>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: Schema.String,
    url: Schema.String,
    state: open(["pending", "queued", "waiting", "in_progress", "success", "failure", "error", "inactive"]),
    creator: Schema.NullOr(User),
    description: Schema.String,
    environment: Schema.String,
    environment_url: optional(Schema.String),
    log_url: optional(Schema.String),
    target_url: Schema.String,
    deployment_url: Schema.String,
    performed_via_github_app: nullish(App),
    created_at: Schema.String,
    updated_at: Schema.String
  })
) {}

/** Who may let a deployment through. */
export const Reviewer = Schema.Union([
  Schema.Struct({ type: Schema.Literal("User"), reviewer: Schema.NullOr(User) }),
  Schema.Struct({ type: Schema.Literal("Team"), reviewer: Team })
])
