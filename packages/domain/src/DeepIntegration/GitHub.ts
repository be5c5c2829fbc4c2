import { Schema, Struct } from "effect"
import { storable } from "../Text.ts"

/** How far an installation may go in one area. */
export const Access = Schema.Literals(["read", "write"])

/** What the installation was granted; an area that is left out was not. */
export const GitHubPermissions = Schema.Struct({
  contents: Schema.optionalKey(Access),
  pullRequests: Schema.optionalKey(Access),
  issues: Schema.optionalKey(Access),
  actions: Schema.optionalKey(Access),
  webhooks: Schema.optionalKey(Access)
}).annotate({ identifier: "GitHubPermissions" })

/** A repository as `owner/repo`, in the characters that GitHub allows. */
export const Repository = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})\/[A-Za-z0-9._-]{1,100}$/u, {
    message: "Expected owner/repo"
  })
).annotate({ identifier: "Repository", description: "A repository as `owner/repo`." })

/** A path inside a repository: relative, without `.` and `..` segments. Empty is the root. */
export const RepositoryPath = Schema.String.check(
  Schema.isMaxLength(1024),
  Schema.makeFilter(
    (path) =>
      path === "" ||
      path.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..") ||
      "Expected a relative path without empty, . or .. segments"
  )
)

/** What is known of a tenant's GitHub App installation. */
export class GitHubConfiguration extends Schema.Class<GitHubConfiguration>("GitHubConfiguration")({
  installationId: Schema.optionalKey(Schema.Int),
  repository: Schema.optionalKey(Repository),
  branch: Schema.NonEmptyString.check(Schema.isMaxLength(255)),
  basePath: RepositoryPath,
  permissions: GitHubPermissions,
  /** Sealed at rest and never shown again. */
  webhookSecret: Schema.optionalKey(
    Schema.RedactedFromValue(Schema.NonEmptyString.check(Schema.isMaxLength(1024), storable))
  ),
  /** The commit that was last synchronised. */
  lastSyncSha: Schema.optionalKey(Schema.NonEmptyString)
}) {
  static readonly initial = new GitHubConfiguration({ branch: "main", basePath: "", permissions: {} })
}

/** What an answer shows: all but the webhook secret. */
export const GitHubView = Schema.Struct(Struct.omit(GitHubConfiguration.fields, ["webhookSecret"])).annotate({
  identifier: "GitHubView"
})

/** The fields that a tenant sets; GitHub proves the others. */
export const GitHubSettings = Schema.Struct(
  Struct.map(
    Struct.pick(GitHubConfiguration.fields, ["repository", "branch", "basePath", "webhookSecret"]),
    Schema.optionalKey
  )
).annotate({ identifier: "GitHubSettings" })
