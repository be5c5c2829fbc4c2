import { Schema } from "effect"
import { whole } from "../../Whole.ts"
import { User } from "../Account.ts"
import { CheckRunSummary } from "../Check.ts"
import { Deployment, DeploymentStatus, Reviewer } from "../Deployment.ts"
import { PullRequest } from "../PullRequest.ts"
import { inRepository } from "../Repository.ts"
import { Workflow, WorkflowJob, WorkflowJobRun, WorkflowRun, WorkflowRunSummary } from "../Workflow.ts"
import { Anything, nullish, on, optional } from "../Words.ts"

const inReview = {
  workflow_run: Schema.NullOr(WorkflowRun),
  since: Schema.String,
  reviewers: optional(Schema.Array(Reviewer)),
  ...inRepository
}

/** What GitHub Actions does, and what it brings into environments. */
export const actionsEvents = {
  /** Somebody starts a workflow. */
  workflow_dispatch: whole(() =>
    Schema.Struct({
      inputs: Schema.NullOr(Anything),
      ref: Schema.String,
      /** The workflow's path in the repository. */
      workflow: Schema.String,
      ...inRepository
    })
  ),

  /** A workflow's run goes on. */
  workflow_run: whole(() =>
    on(["requested", "in_progress", "completed"], {
      workflow: Schema.NullOr(Workflow),
      workflow_run: WorkflowRun,
      ...inRepository
    })
  ),

  /** A job of a run goes on. */
  workflow_job: whole(() =>
    on(["queued", "waiting", "in_progress", "completed"], {
      workflow_job: WorkflowJob,
      deployment: optional(Deployment),
      ...inRepository
    })
  ),

  /** A deployment is asked for. */
  deployment: whole(() =>
    on(["created"], {
      deployment: Deployment,
      workflow: nullish(Workflow),
      workflow_run: nullish(WorkflowRunSummary),
      ...inRepository
    })
  ),

  /** A deployment goes on. */
  deployment_status: whole(() =>
    on(["created"], {
      deployment_status: DeploymentStatus,
      deployment: Deployment,
      check_run: nullish(CheckRunSummary),
      workflow: nullish(Workflow),
      workflow_run: nullish(WorkflowRunSummary),
      ...inRepository
    })
  ),

  /** A deployment waits for people, or they have decided. */
  deployment_review: whole(() =>
    Schema.Union([
      on(["requested"], {
        ...inReview,
        workflow_job_run: WorkflowJobRun,
        environment: Schema.String,
        requestor: Schema.NullOr(User)
      }),
      on(["approved", "rejected"], {
        ...inReview,
        workflow_job_run: optional(WorkflowJobRun),
        workflow_job_runs: optional(Schema.Array(WorkflowJobRun)),
        approver: optional(User),
        comment: optional(Schema.String)
      })
    ])
  ),

  /** An app is asked whether a deployment may go on. */
  deployment_protection_rule: whole(() =>
    on(["requested"], {
      environment: optional(Schema.String),
      event: optional(Schema.String),
      /** Where the app answers. */
      deployment_callback_url: optional(Schema.String),
      deployment: nullish(Deployment),
      pull_requests: optional(Schema.Array(PullRequest)),
      ...inRepository
    })
  )
}
