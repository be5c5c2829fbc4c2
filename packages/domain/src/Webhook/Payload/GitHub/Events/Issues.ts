import { Schema } from "effect"
import { whole } from "../../Whole.ts"
import { User } from "../Account.ts"
import { Issue, IssueComment, Label, Milestone } from "../Issue.ts"
import { inRepository, Repository } from "../Repository.ts"
import { fromText, nullish, on, optional } from "../Words.ts"

const inIssue = { issue: Issue, ...inRepository }
const inComment = { comment: IssueComment, ...inIssue }
const inLabel = { label: Label, ...inRepository }
const inMilestone = { milestone: Milestone, ...inRepository }

/** What happens to issues, and to what sorts them. */
export const issueEvents = {
  /** An issue changed. */
  issues: whole(() =>
    Schema.Union([
      on(["opened"], {
        ...inIssue,
        /** Set where the issue came from another repository. */
        changes: optional(Schema.Struct({ old_issue: Schema.NullOr(Issue), old_repository: Repository }))
      }),
      on(["edited"], {
        ...inIssue,
        label: optional(Label),
        changes: Schema.Struct({ body: fromText, title: fromText })
      }),
      on(["assigned", "unassigned"], { ...inIssue, assignee: nullish(User) }),
      on(["labeled", "unlabeled"], { ...inIssue, label: optional(Label) }),
      on(["milestoned", "demilestoned"], { ...inIssue, milestone: optional(Milestone) }),
      on(["transferred"], {
        ...inIssue,
        changes: Schema.Struct({ new_issue: Issue, new_repository: Repository })
      }),
      on(["closed", "deleted", "locked", "pinned", "reopened", "unlocked", "unpinned"], inIssue),
      on(["typed", "untyped", "field_added", "field_removed"], inIssue)
    ])
  ),

  /** A comment on an issue or a pull request changed. */
  issue_comment: whole(() =>
    Schema.Union([
      on(["created", "deleted", "pinned", "unpinned"], inComment),
      on(["edited"], { ...inComment, changes: Schema.Struct({ body: fromText }) })
    ])
  ),

  /** A label changed. */
  label: whole(() =>
    Schema.Union([
      on(["created", "deleted", "archived", "unarchived"], inLabel),
      on(["edited"], {
        ...inLabel,
        changes: optional(Schema.Struct({ color: fromText, description: fromText, name: fromText }))
      })
    ])
  ),

  /** A milestone changed. */
  milestone: whole(() =>
    Schema.Union([
      on(["created", "opened", "closed", "deleted"], inMilestone),
      on(["edited"], {
        ...inMilestone,
        changes: Schema.Struct({ description: fromText, due_on: fromText, title: fromText })
      })
    ])
  )
}
