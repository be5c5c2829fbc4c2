import { Schema } from "effect"
import { User } from "./Account.ts"
import { Conclusion, Status } from "./Check.ts"
import { CommitSummary } from "./Commit.ts"
import { PullRequestReference, RepositorySummary } from "./Repository.ts"
import { nullish, open, optional } from "./Words.ts"

/** A workflow of GitHub Actions. */
export class Workflow extends Schema.Opaque<Workflow>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: Schema.String,
    name: Schema.String,
    path: Schema.String,
    state: open(["active", "deleted", "disabled_fork", "disabled_inactivity", "disabled_manually"]),
    url: Schema.String,
    html_url: Schema.String,
    badge_url: Schema.String,
    created_at: Schema.String,
    updated_at: Schema.String
  })
) {}

/** A run of a workflow, as it stands beside a deployment. */
export class WorkflowRunSummary extends Schema.Opaque<WorkflowRunSummary>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: Schema.String,
    name: Schema.NullOr(Schema.String),
    path: optional(Schema.String),
    display_title: optional(Schema.String),
    url: optional(Schema.String),
    html_url: Schema.String,
    event: Schema.String,
    status: Status,
    conclusion: Schema.NullOr(Conclusion),
    workflow_id: Schema.Number,
    run_number: Schema.Number,
    run_attempt: Schema.Number,
    run_started_at: Schema.String,
    check_suite_id: Schema.Number,
    head_branch: Schema.NullOr(Schema.String),
    head_sha: Schema.String,
    pull_requests: Schema.Array(Schema.NullOr(PullRequestReference)),
    actor: nullish(User),
    triggering_actor: nullish(User),
    created_at: Schema.String,
    updated_at: Schema.String
  })
) {}

/** A run of a workflow. */
export class WorkflowRun extends Schema.Opaque<WorkflowRun>()(
  Schema.Struct({
    ...WorkflowRunSummary.fields,
    jobs_url: optional(Schema.String),
    logs_url: optional(Schema.String),
    artifacts_url: optional(Schema.String),
    workflow_url: optional(Schema.String),
    head_commit: Schema.NullOr(CommitSummary),
    head_repository: RepositorySummary,
    repository: RepositorySummary
  })
) {}

/** One step of a job. */
export class WorkflowStep extends Schema.Opaque<WorkflowStep>()(
  Schema.Struct({
    name: Schema.String,
    number: Schema.Number,
    status: Status,
    conclusion: Schema.NullOr(Conclusion),
    started_at: Schema.NullOr(Schema.String),
    completed_at: Schema.NullOr(Schema.String)
  })
) {}

/** One job of a workflow's run. */
export class WorkflowJob extends Schema.Opaque<WorkflowJob>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: Schema.String,
    name: Schema.String,
    url: Schema.String,
    html_url: nullish(Schema.String),
    run_id: Schema.Number,
    run_url: Schema.String,
    run_attempt: optional(Schema.Number),
    workflow_name: nullish(Schema.String),
    head_branch: nullish(Schema.String),
    head_sha: Schema.String,
    status: Status,
    conclusion: Schema.NullOr(Conclusion),
    steps: Schema.Array(WorkflowStep),
    /** What a runner has to have to take the job. */
    labels: Schema.Array(Schema.String),
    runner_id: Schema.NullOr(Schema.Number),
    runner_name: Schema.NullOr(Schema.String),
    runner_group_id: Schema.NullOr(Schema.Number),
    runner_group_name: Schema.NullOr(Schema.String),
    created_at: optional(Schema.String),
    started_at: Schema.NullOr(Schema.String),
    completed_at: Schema.NullOr(Schema.String)
  })
) {}

/** A job that waits for a deployment to be reviewed. */
export class WorkflowJobRun extends Schema.Opaque<WorkflowJobRun>()(
  Schema.Struct({
    id: Schema.Number,
    name: nullish(Schema.String),
    status: Status,
    conclusion: Schema.NullOr(Conclusion),
    html_url: Schema.String,
    environment: optional(Schema.String),
    created_at: Schema.String,
    updated_at: Schema.String
  })
) {}
