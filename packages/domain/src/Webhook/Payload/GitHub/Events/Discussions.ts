import { Schema } from "effect"
import { whole } from "../../Whole.ts"
import { Discussion, DiscussionCategory, DiscussionComment } from "../Discussion.ts"
import { Label } from "../Issue.ts"
import { inRepository, Repository } from "../Repository.ts"
import { from, fromText, on, optional } from "../Words.ts"

const inDiscussion = { discussion: Discussion, ...inRepository }
const inComment = { comment: DiscussionComment, ...inDiscussion }

/** What happens to a repository's discussions. */
export const discussionEvents = {
  /** A discussion changed. */
  discussion: whole(() =>
    Schema.Union([
      on(["answered"], { ...inDiscussion, answer: DiscussionComment }),
      on(["unanswered"], { ...inDiscussion, old_answer: DiscussionComment }),
      on(["category_changed"], {
        ...inDiscussion,
        changes: Schema.Struct({ category: from(DiscussionCategory) })
      }),
      on(["edited"], {
        ...inDiscussion,
        changes: optional(Schema.Struct({ body: fromText, title: fromText }))
      }),
      on(["labeled", "unlabeled"], { ...inDiscussion, label: Label }),
      on(["transferred"], {
        ...inDiscussion,
        changes: Schema.Struct({ new_discussion: Discussion, new_repository: Repository })
      }),
      on(
        ["created", "deleted", "closed", "reopened", "locked", "unlocked", "pinned", "unpinned"],
        inDiscussion
      )
    ])
  ),

  /** A comment on a discussion changed. */
  discussion_comment: whole(() =>
    Schema.Union([
      on(["created", "deleted"], inComment),
      on(["edited"], { ...inComment, changes: Schema.Struct({ body: fromText }) })
    ])
  )
}
