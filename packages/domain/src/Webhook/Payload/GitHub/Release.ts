import { Schema } from "effect"
import { User } from "./Account.ts"
import { Reactions } from "./Repository.ts"
import { nullish, open, optional } from "./Words.ts"

/** A file of a release. */
export class ReleaseAsset extends Schema.Opaque<ReleaseAsset>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: Schema.String,
    url: Schema.String,
    browser_download_url: Schema.String,
    name: Schema.String,
    label: nullish(Schema.String),
    state: open(["uploaded", "open"]),
    content_type: Schema.String,
    size: Schema.Number,
    download_count: Schema.Number,
    uploader: nullish(User),
    created_at: Schema.String,
    updated_at: Schema.String
  })
) {}

/** A release of what is in a repository. */
export class Release extends Schema.Opaque<Release>()(
  Schema.Struct({
    id: Schema.Number,
    node_id: Schema.String,
    url: Schema.String,
    html_url: Schema.String,
    assets_url: Schema.String,
    upload_url: Schema.String,
    tarball_url: Schema.NullOr(Schema.String),
    zipball_url: Schema.NullOr(Schema.String),
    tag_name: Schema.String,
    target_commitish: Schema.String,
    name: Schema.NullOr(Schema.String),
    body: nullish(Schema.String),
    draft: Schema.Boolean,
    prerelease: Schema.Boolean,
    author: Schema.NullOr(User),
    assets: Schema.Array(Schema.NullOr(ReleaseAsset)),
    created_at: Schema.NullOr(Schema.String),
    published_at: Schema.NullOr(Schema.String),
    reactions: optional(Reactions)
  })
) {}
