import { Schema } from "effect"
import { whole } from "../../Whole.ts"
import { User } from "../Account.ts"
import { Commit, Committer } from "../Commit.ts"
import { around, comment, inRepository, Repository } from "../Repository.ts"
import { Anything, from, fromText, nullish, on, open, optional } from "../Words.ts"

const CommitComment = Schema.Struct({
  ...comment,
  commit_id: Schema.String,
  path: Schema.NullOr(Schema.String),
  line: Schema.NullOr(Schema.Number),
  position: Schema.NullOr(Schema.Number)
})

const WikiPage = Schema.Struct({
  page_name: Schema.String,
  title: Schema.String,
  summary: Schema.NullOr(Schema.String),
  action: open(["created", "edited"]),
  sha: Schema.String,
  html_url: Schema.String
})

const PageBuild = Schema.Struct({
  url: Schema.String,
  status: Schema.NullOr(Schema.String),
  error: Schema.Struct({ message: Schema.NullOr(Schema.String) }),
  pusher: Schema.NullOr(User),
  commit: Schema.NullOr(Schema.String),
  /** In milliseconds. */
  duration: Schema.Number,
  created_at: Schema.String,
  updated_at: Schema.String
})

const DeployKey = Schema.Struct({
  id: Schema.Number,
  key: Schema.String,
  url: Schema.String,
  title: Schema.String,
  verified: Schema.Boolean,
  read_only: Schema.Boolean,
  created_at: Schema.String
})

/** What happens to a repository and to what is in it. */
export const repositoryEvents = {
  /** Commits or tags were pushed, or a branch was made or deleted. */
  push: whole(() =>
    Schema.Struct({
      /** The whole name, such as `refs/heads/main`. */
      ref: Schema.String,
      /** Where it stood before; only zeros where it was made. */
      before: Schema.String,
      /** Where it stands now; only zeros where it was deleted. */
      after: Schema.String,
      created: Schema.Boolean,
      deleted: Schema.Boolean,
      forced: Schema.Boolean,
      base_ref: Schema.NullOr(Schema.String),
      compare: Schema.String,
      /** The first ones, at most 2048. */
      commits: Schema.Array(Commit),
      head_commit: Schema.NullOr(Commit),
      pusher: Schema.Struct({ ...Committer.fields, email: nullish(Schema.String) }),
      repository: Repository,
      sender: optional(User),
      ...around
    })
  ),

  /** A branch or a tag was made. */
  create: whole(() =>
    Schema.Struct({
      ref: Schema.String,
      ref_type: open(["branch", "tag"]),
      master_branch: Schema.String,
      description: Schema.NullOr(Schema.String),
      pusher_type: Schema.String,
      ...inRepository
    })
  ),

  /** A branch or a tag was deleted. */
  delete: whole(() =>
    Schema.Struct({
      ref: Schema.String,
      ref_type: open(["branch", "tag"]),
      pusher_type: Schema.String,
      ...inRepository
    })
  ),

  /** Somebody commented on a commit. */
  commit_comment: whole(() => on(["created"], { comment: CommitComment, ...inRepository })),

  /** The repository itself changed. */
  repository: whole(() =>
    Schema.Union([
      on(["created", "deleted", "archived", "unarchived", "privatized", "publicized"], inRepository),
      on(["edited"], {
        ...inRepository,
        changes: Schema.Struct({
          default_branch: fromText,
          description: fromText,
          homepage: fromText,
          topics: optional(from(Schema.NullOr(Schema.Array(Schema.String))))
        })
      }),
      on(["renamed"], {
        ...inRepository,
        changes: Schema.Struct({ repository: Schema.Struct({ name: from(Schema.String) }) })
      }),
      on(["transferred"], {
        ...inRepository,
        changes: Schema.Struct({
          owner: from(Schema.Struct({ user: nullish(User), organization: nullish(Anything) }))
        })
      })
    ])
  ),

  /** A repository was forked. */
  fork: whole(() => Schema.Struct({ forkee: Repository, ...inRepository })),

  /** A repository is open to everybody now. */
  public: whole(() => Schema.Struct(inRepository)),

  /** Somebody starred a repository, or no longer does. */
  star: whole(() => on(["created", "deleted"], { starred_at: nullish(Schema.String), ...inRepository })),

  /** Somebody starred a repository, as GitHub first told of it. */
  watch: whole(() => on(["started"], inRepository)),

  /** Pages of the wiki changed. */
  gollum: whole(() => Schema.Struct({ pages: Schema.Array(WikiPage), ...inRepository })),

  /** The site of a repository was built. */
  page_build: whole(() => Schema.Struct({ id: Schema.Number, build: PageBuild, ...inRepository })),

  /** Somebody sent an event of their own; `action` is its name. */
  repository_dispatch: whole(() =>
    Schema.Struct({
      action: Schema.String,
      branch: Schema.String,
      client_payload: Schema.NullOr(Anything),
      ...inRepository
    })
  ),

  /** A repository was brought from elsewhere. */
  repository_import: whole(() =>
    Schema.Struct({ status: open(["success", "cancelled", "failure"]), ...inRepository })
  ),

  /** A deploy key was made or deleted. */
  deploy_key: whole(() => on(["created", "deleted"], { key: DeployKey, ...inRepository }))
}
