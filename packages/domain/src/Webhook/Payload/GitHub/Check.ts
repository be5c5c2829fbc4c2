import { Schema } from "effect"
import { App } from "./App.ts"
import { CommitSummary } from "./Commit.ts"
import { PullRequestReference } from "./Repository.ts"
import { nullish, open, optional } from "./Words.ts"

/** How far a check or a workflow is. */
export const Status = open(["requested", "queued", "pending", "waiting", "in_progress", "completed"])

/** How a check or a workflow ended. */
export const Conclusion = open([
  "success",
  "failure",
  "neutral",
  "cancelled",
  "skipped",
  "timed_out",
  "action_required",
  "stale",
  "startup_failure"
])

const suite = {
  id: Schema.Number,
  node_id: optional(Schema.String),
  url: Schema.String,
  head_branch: Schema.NullOr(Schema.String),
  head_sha: Schema.String,
  status: Schema.NullOr(Status),
  conclusion: Schema.NullOr(Conclusion),
  before: Schema.NullOr(Schema.String),
  after: Schema.NullOr(Schema.String),
  pull_requests: Schema.Array(PullRequestReference),
  app: App,
  created_at: Schema.String,
  updated_at: Schema.String
}

/** The checks of one app on one commit. */
export class CheckSuite extends Schema.Opaque<CheckSuite>()(
  Schema.Struct({
    ...suite,
    check_runs_url: Schema.String,
    latest_check_runs_count: Schema.Number,
    rerequestable: optional(Schema.Boolean),
    runs_rerequestable: optional(Schema.Boolean),
    head_commit: CommitSummary
  })
) {}

/** A deployment that a check belongs to. */
const Deployed = Schema.Struct({
  id: Schema.Number,
  url: Schema.String,
  task: Schema.String,
  environment: Schema.String,
  description: Schema.NullOr(Schema.String)
})

/** A check in short. */
export class CheckRunSummary extends Schema.Opaque<CheckRunSummary>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: optional(Schema.String),
    name: Schema.String,
    url: Schema.String,
    html_url: nullish(Schema.String),
    details_url: nullish(Schema.String),
    external_id: Schema.String,
    head_sha: Schema.String,
    status: Status,
    conclusion: Schema.NullOr(Conclusion),
    started_at: Schema.String,
    completed_at: Schema.NullOr(Schema.String)
  })
) {}

/** One check of a commit. */
export class CheckRun extends Schema.Opaque<CheckRun>()(
  Schema.Struct({
    ...CheckRunSummary.fields,
    output: Schema.Struct({
      title: nullish(Schema.String),
      summary: Schema.NullOr(Schema.String),
      text: Schema.NullOr(Schema.String),
      annotations_count: Schema.Number,
      annotations_url: Schema.String
    }),
    check_suite: Schema.Struct({ ...suite, deployment: optional(Deployed) }),
    app: App,
    pull_requests: Schema.Array(PullRequestReference),
    deployment: optional(Deployed)
  })
) {}
