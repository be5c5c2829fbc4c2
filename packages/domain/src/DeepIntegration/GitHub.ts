import { Schema, Struct } from "effect"
import { described } from "../Described.ts"
import { Secret } from "../Secret.ts"
import { storable } from "../Text.ts"

/** How far an installation may go in one area. */
export const Access = Schema.Literals(["read", "write"])

/** What the installation was granted; an area that is left out was not. */
export const GitHubPermissions = Schema.Struct({
  contents: Schema.optionalKey(Access).pipe(described("Files, commits and branches.")),
  pullRequests: Schema.optionalKey(Access).pipe(described("Pull requests.")),
  issues: Schema.optionalKey(Access).pipe(described("Issues.")),
  actions: Schema.optionalKey(Access).pipe(described("Workflows and their runs.")),
  webhooks: Schema.optionalKey(Access).pipe(described("The repository's webhooks."))
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
  installationId: Schema.optionalKey(Schema.Int).pipe(
    described("The id of the App's installation, as GitHub proves it.")
  ),
  repository: Schema.optionalKey(Repository).pipe(described("The repository in use, as `owner/repo`.")),
  branch: Schema.NonEmptyString.check(Schema.isMaxLength(255)).pipe(described("The branch in use.")),
  basePath: RepositoryPath.pipe(described("The folder in use, relative to the root; empty: the root.")),
  permissions: GitHubPermissions.pipe(described("What the installation was granted.")),
  webhookSecret: Schema.optionalKey(
    Secret(Schema.String.check(storable, Schema.isMinLength(1), Schema.isMaxLength(1024)))
  ).pipe(described("What GitHub signs with. Sealed at rest and never shown again.")),
  lastSyncSha: Schema.optionalKey(Schema.NonEmptyString).pipe(
    described("The commit that was last synchronised.")
  )
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
