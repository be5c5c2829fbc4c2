import { Schema } from "effect"
import { whole } from "../../Whole.ts"
import { CheckRun, CheckSuite } from "../Check.ts"
import { CommitDetail } from "../Commit.ts"
import { inRepository } from "../Repository.ts"
import { nullish, on, open, optional } from "../Words.ts"

const inCheck = { check_run: CheckRun, ...inRepository }

const RequestedAction = Schema.Struct({ identifier: optional(Schema.String) })

const Branch = Schema.Struct({
  name: Schema.String,
  commit: Schema.Struct({ sha: Schema.String, url: Schema.String }),
  protected: Schema.Boolean
})

/** What is found out about commits. */
export const checkEvents = {
  /** A check changed, or somebody asks its app for something. */
  check_run: whole(() =>
    Schema.Union([
      on(["created", "completed", "rerequested"], { ...inCheck, requested_action: nullish(RequestedAction) }),
      on(["requested_action"], { ...inCheck, requested_action: optional(RequestedAction) })
    ])
  ),

  /** All checks of an app on a commit ended, or are asked for. */
  check_suite: whole(() =>
    on(["requested", "completed", "rerequested"], { check_suite: CheckSuite, ...inRepository })
  ),

  /** A commit's status changed. */
  status: whole(() =>
    Schema.Struct({
      id: Schema.Number,
      sha: Schema.String,
      name: Schema.String,
      state: open(["pending", "success", "failure", "error"]),
      context: Schema.String,
      description: Schema.NullOr(Schema.String),
      target_url: Schema.NullOr(Schema.String),
      avatar_url: nullish(Schema.String),
      commit: CommitDetail,
      /** Branches whose tip is the commit: ten at most. */
      branches: Schema.Array(Branch),
      created_at: Schema.String,
      updated_at: Schema.String,
      ...inRepository
    })
  )
}
