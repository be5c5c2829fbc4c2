import { Schema } from "effect"
import { whole } from "../../Whole.ts"
import { Team, User } from "../Account.ts"
import { CommitSummary } from "../Commit.ts"
import { Label, Milestone } from "../Issue.ts"
import { PullRequest, PullRequestSummary, Review, ReviewComment } from "../PullRequest.ts"
import { inRepository } from "../Repository.ts"
import { from, fromText, nullish, on, open, optional } from "../Words.ts"

const inPull = { number: Schema.Number, pull_request: PullRequest, ...inRepository }
const besidePull = { pull_request: PullRequestSummary, ...inRepository }
const inReview = { review: Review, ...besidePull }
const inComment = { comment: ReviewComment, ...besidePull }

const Thread = Schema.Struct({ node_id: Schema.String, comments: Schema.Array(ReviewComment) })

const MergeGroup = Schema.Struct({
  head_sha: Schema.String,
  head_ref: Schema.String,
  base_sha: Schema.String,
  base_ref: Schema.String,
  head_commit: CommitSummary
})

/** What happens to pull requests, and what is said of them. */
export const pullEvents = {
  /** A pull request changed. */
  pull_request: whole(() =>
    Schema.Union([
      on(
        [
          "opened",
          "closed",
          "reopened",
          "converted_to_draft",
          "ready_for_review",
          "locked",
          "unlocked",
          "stacked"
        ],
        inPull
      ),
      on(["synchronize"], { ...inPull, before: Schema.String, after: Schema.String }),
      on(["edited"], {
        ...inPull,
        changes: Schema.Struct({
          body: fromText,
          title: fromText,
          base: optional(Schema.Struct({ ref: from(Schema.String), sha: from(Schema.String) }))
        })
      }),
      on(["assigned", "unassigned"], { ...inPull, assignee: nullish(User) }),
      on(["labeled", "unlabeled"], { ...inPull, label: optional(Label) }),
      on(["milestoned", "demilestoned"], { ...inPull, milestone: nullish(Milestone) }),
      // One of the two is there.
      on(["review_requested", "review_request_removed"], {
        ...inPull,
        requested_reviewer: nullish(User),
        requested_team: optional(Team)
      }),
      on(["auto_merge_enabled", "auto_merge_disabled", "enqueued", "dequeued"], {
        ...inPull,
        reason: optional(Schema.String)
      })
    ])
  ),

  /** A pull request was reviewed. */
  pull_request_review: whole(() =>
    Schema.Union([
      on(["submitted", "dismissed"], inReview),
      on(["edited"], { ...inReview, changes: Schema.Struct({ body: fromText }) })
    ])
  ),

  /** A comment on lines of a pull request changed. */
  pull_request_review_comment: whole(() =>
    Schema.Union([
      on(["created", "deleted"], inComment),
      on(["edited"], { ...inComment, changes: Schema.Struct({ body: fromText }) })
    ])
  ),

  /** A thread of such comments was settled, or no longer is. */
  pull_request_review_thread: whole(() => on(["resolved", "unresolved"], { thread: Thread, ...besidePull })),

  /** Pull requests stand in the merge queue together. */
  merge_group: whole(() =>
    Schema.Union([
      on(["checks_requested"], { merge_group: MergeGroup, ...inRepository }),
      on(["destroyed"], {
        merge_group: MergeGroup,
        reason: optional(open(["dequeued", "invalidated", "merged"])),
        ...inRepository
      })
    ])
  )
}
