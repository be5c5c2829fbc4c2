import { Schema } from "effect"
import { User } from "./Account.ts"
import { nullish, open, optional } from "./Words.ts"

/** A file of a package's version. */
export class PackageFile extends Schema.Opaque<PackageFile>()(
  Schema.Struct({
    id: Schema.Number,
    name: Schema.String,
    download_url: Schema.String,
    content_type: Schema.String,
    size: Schema.Number,
    sha256: Schema.NullOr(Schema.String),
    sha1: Schema.NullOr(Schema.String),
    md5: Schema.NullOr(Schema.String),
    created_at: Schema.String,
    updated_at: Schema.String
  })
) {}

/** A version of a package. */
export class PackageVersion extends Schema.Opaque<PackageVersion>()(
  Schema.Struct({
    id: Schema.Number,
    version: Schema.String,
    name: nullish(Schema.String),
    summary: nullish(Schema.String),
    description: nullish(Schema.String),
    html_url: optional(Schema.String),
    package_url: optional(Schema.String),
    author: nullish(User),
    target_commitish: optional(Schema.String),
    target_oid: optional(Schema.String),
    tag_name: optional(Schema.String),
    draft: optional(Schema.Boolean),
    prerelease: optional(Schema.Boolean),
    created_at: optional(Schema.String),
    updated_at: optional(Schema.String),
    package_files: Schema.Array(PackageFile),
    installation_command: optional(Schema.String),
    npm_metadata: nullish(
      Schema.Struct({
        name: optional(Schema.String),
        version: optional(Schema.String),
        npm_user: optional(Schema.String),
        commit_oid: optional(Schema.String)
      })
    ),
    container_metadata: nullish(
      Schema.Struct({
        tag: optional(Schema.Struct({ digest: optional(Schema.String), name: optional(Schema.String) }))
      })
    )
  })
) {}

/** A package, of npm, of containers and the like. */
export class Package extends Schema.Opaque<Package>()(
  Schema.Struct({
    id: Schema.Number,
    name: Schema.String,
    namespace: Schema.String,
    description: Schema.NullOr(Schema.String),
    ecosystem: Schema.String,
    package_type: open(["npm", "maven", "rubygems", "docker", "nuget", "CONTAINER"]),
    html_url: Schema.String,
    owner: Schema.NullOr(User),
    package_version: nullish(PackageVersion),
    registry: nullish(
      Schema.Struct({
        name: optional(Schema.String),
        type: optional(Schema.String),
        url: optional(Schema.String),
        vendor: optional(Schema.String),
        about_url: optional(Schema.String)
      })
    ),
    created_at: Schema.NullOr(Schema.String),
    updated_at: Schema.NullOr(Schema.String)
  })
) {}
