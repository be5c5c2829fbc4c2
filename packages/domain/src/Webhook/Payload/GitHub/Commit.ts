import { Schema } from "effect"
import { User } from "./Account.ts"
import { optional } from "./Words.ts"

/** Who wrote a commit, as Git has it. */
export class Committer extends Schema.Opaque<Committer>()(
  Schema.Struct({
    name: Schema.String,
    email: Schema.NullOr(Schema.String),
    date: optional(Schema.String),
    /** The login, where GitHub knows one. */
    username: optional(Schema.String)
  })
) {}

/** A commit without what it changes. */
export class CommitSummary extends Schema.Opaque<CommitSummary>()(
  Schema.Struct({
    id: Schema.String,
    tree_id: Schema.String,
    message: Schema.String,
    timestamp: Schema.String,
    author: Committer,
    committer: Committer
  })
) {}

/** A commit that was pushed. */
export class Commit extends Schema.Opaque<Commit>()(
  Schema.Struct({
    ...CommitSummary.fields,
    url: Schema.String,
    /** Whether no branch had it before. */
    distinct: Schema.Boolean,
    added: optional(Schema.Array(Schema.String)),
    modified: optional(Schema.Array(Schema.String)),
    removed: optional(Schema.Array(Schema.String))
  })
) {}

const hash = { sha: Schema.String, url: Schema.String }

const Author = Schema.Struct({ ...Committer.fields, date: Schema.String })

/** A commit as the API shows it, with what GitHub thinks of its signature. */
export class CommitDetail extends Schema.Opaque<CommitDetail>()(
  Schema.Struct({
    ...hash,
    node_id: Schema.String,
    html_url: Schema.String,
    commit: Schema.Struct({
      author: Author,
      committer: Author,
      message: Schema.String,
      url: Schema.String,
      tree: Schema.Struct(hash),
      comment_count: Schema.Number,
      verification: Schema.Struct({
        verified: Schema.Boolean,
        reason: Schema.String,
        signature: Schema.NullOr(Schema.String),
        payload: Schema.NullOr(Schema.String)
      })
    }),
    author: Schema.NullOr(User),
    committer: Schema.NullOr(User),
    parents: Schema.Array(Schema.Struct({ ...hash, html_url: Schema.String }))
  })
) {}
