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
import { Anything, on, open, optional } from "../Words.ts"

// GitHub itself finds secrets: no account stands for it everywhere.
const inSecret = { alert: SecretScanningAlert, repository: Repository, sender: optional(User), ...around }

/** What threatens a repository. */
export const securityEvents = {
  /** Code scanning found something, or it changed. */
  code_scanning_alert: whole(
    on(["appeared_in_branch", "closed_by_user", "created", "fixed", "reopened", "reopened_by_user"], {
      alert: CodeScanningAlert,
      ref: Schema.NullOr(Schema.String),
      commit_oid: Schema.NullOr(Schema.String),
      ...inRepository
    })
  ),

  /** A repository depends on a weak package, or no longer does. */
  dependabot_alert: whole(
    on(["created", "dismissed", "fixed", "reintroduced", "reopened", "auto_dismissed", "auto_reopened"], {
      alert: DependabotAlert,
      ...inRepository
    })
  ),

  /** The same, before there was `dependabot_alert`. */
  repository_vulnerability_alert: whole(
    on(["create", "dismiss", "reopen", "resolve"], { alert: VulnerabilityAlert, ...inRepository })
  ),

  /** A secret stands in a repository, or was dealt with. */
  secret_scanning_alert: whole(
    on(["created", "reopened", "resolved", "revoked", "validated", "publicly_leaked"], inSecret)
  ),

  /** A secret was found at one more place. */
  secret_scanning_alert_location: whole(
    on(["created"], {
      ...inSecret,
      location: Schema.Struct({
        type: open(["commit", "issue_title", "issue_body", "issue_comment"]),
        details: Anything
      })
    })
  ),

  /** An advisory was published or changed, for everybody. */
  security_advisory: whole(
    on(["performed", "published", "updated", "withdrawn"], { security_advisory: SecurityAdvisory })
  )
}
