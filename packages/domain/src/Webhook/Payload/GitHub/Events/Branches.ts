import { Schema } from "effect"
import { whole } from "../../Whole.ts"
import { inRepository } from "../Repository.ts"
import { Anything, on, open, optional } from "../Words.ts"

/** Whom a rule holds for. */
const Enforcement = open(["off", "non_admins", "everyone"])

const Rule = Schema.Struct({
  id: Schema.Number,
  repository_id: Schema.Number,
  /** The pattern of the branches' names. */
  name: Schema.String,
  created_at: Schema.String,
  updated_at: Schema.String,
  pull_request_reviews_enforcement_level: Enforcement,
  required_approving_review_count: Schema.Number,
  dismiss_stale_reviews_on_push: Schema.Boolean,
  require_code_owner_review: Schema.Boolean,
  require_last_push_approval: optional(Schema.Boolean),
  authorized_dismissal_actors_only: Schema.Boolean,
  ignore_approvals_from_contributors: Schema.Boolean,
  required_status_checks: Schema.Array(Schema.String),
  required_status_checks_enforcement_level: Enforcement,
  strict_required_status_checks_policy: Schema.Boolean,
  signature_requirement_enforcement_level: Enforcement,
  linear_history_requirement_enforcement_level: Enforcement,
  admin_enforced: Schema.Boolean,
  create_protected: optional(Schema.Boolean),
  allow_force_pushes_enforcement_level: Enforcement,
  allow_deletions_enforcement_level: Enforcement,
  merge_queue_enforcement_level: Enforcement,
  required_deployments_enforcement_level: Enforcement,
  required_conversation_resolution_level: Enforcement,
  authorized_actors_only: Schema.Boolean,
  authorized_actor_names: Schema.Array(Schema.String)
})

const inRule = { rule: Rule, ...inRepository }

/** What protects a repository's branches. */
export const branchEvents = {
  /** A rule changed. `changes` has what was before under the names of the rule's fields, each as `{ from }`. */
  branch_protection_rule: whole(() =>
    Schema.Union([
      on(["created", "deleted"], inRule),
      on(["edited"], { ...inRule, changes: optional(Anything) })
    ])
  ),

  /** All rules were switched on or off. */
  branch_protection_configuration: whole(() => on(["enabled", "disabled"], inRepository))
}
