import { Schema } from "effect"
import { whole } from "../../Whole.ts"
import {
  CodeScanningAlert,
  DependabotAlert,
  SecretScanningAlert,
  SecurityAdvisory,
  VulnerabilityAlert
} from "../Alert.ts"
import { User } from "../Account.ts"
import { around, inRepository, Repository } from "../Repository.ts"
import { nullish, on, open, optional } from "../Words.ts"

// GitHub itself finds things: no account stands for it everywhere.
const found = { repository: Repository, sender: optional(User), ...around }

/** A place in a file where the secret stands in a commit, the address of the text that holds it elsewhere. */
const Place = Schema.Struct({
  path: optional(Schema.String),
  start_line: optional(Schema.Number),
  end_line: optional(Schema.Number),
  start_column: optional(Schema.Number),
  end_column: optional(Schema.Number),
  blob_sha: optional(Schema.String),
  commit_sha: optional(Schema.String),
  commit_url: optional(Schema.String),
  issue_title_url: optional(Schema.String),
  issue_body_url: optional(Schema.String),
  issue_comment_url: optional(Schema.String)
})

const inSecret = { alert: SecretScanningAlert, ...found }

/** What threatens a repository. */
export const securityEvents = {
  /** Code scanning found something, or it changed. */
  code_scanning_alert: whole(() =>
    on(
      [
        "appeared_in_branch",
        "closed_by_user",
        "created",
        "fixed",
        "reopened",
        "reopened_by_user",
        "updated_assignment"
      ],
      {
        alert: CodeScanningAlert,
        ref: nullish(Schema.String),
        commit_oid: nullish(Schema.String),
        ...found
      }
    )
  ),

  /** A repository depends on a weak package, or no longer does. */
  dependabot_alert: whole(() =>
    on(
      [
        "created",
        "dismissed",
        "fixed",
        "reintroduced",
        "reopened",
        "auto_dismissed",
        "auto_reopened",
        "assignees_changed"
      ],
      { alert: DependabotAlert, ...inRepository }
    )
  ),

  /** The same, before there was `dependabot_alert`. */
  repository_vulnerability_alert: whole(() =>
    on(["create", "dismiss", "reopen", "resolve"], { alert: VulnerabilityAlert, ...inRepository })
  ),

  /** A secret stands in a repository, or was dealt with. */
  secret_scanning_alert: whole(() =>
    on(
      [
        "created",
        "reopened",
        "resolved",
        "revoked",
        "validated",
        "publicly_leaked",
        "assigned",
        "unassigned",
        "metadata_created",
        "metadata_removed"
      ],
      inSecret
    )
  ),

  /** A secret was found at one more place. */
  secret_scanning_alert_location: whole(() =>
    on(["created"], {
      ...inSecret,
      location: Schema.Struct({
        type: open(["commit", "issue_title", "issue_body", "issue_comment"]),
        details: Place
      })
    })
  ),

  /** An advisory was published or changed, for everybody. */
  security_advisory: whole(() =>
    on(["performed", "published", "updated", "withdrawn"], { security_advisory: SecurityAdvisory })
  )
}
