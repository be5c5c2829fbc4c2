import { Schema } from "effect"
import { User } from "./Account.ts"
import { nullish, open, optional } from "./Words.ts"

const Severity = open(["low", "medium", "high", "critical"])

/** A package of an ecosystem, such as `npm`. */
const AffectedPackage = Schema.Struct({ ecosystem: Schema.String, name: Schema.String })

/** What versions of a package are open to attack, and which one no longer is. */
export class Vulnerability extends Schema.Opaque<Vulnerability>()(
  Schema.Struct({
    package: AffectedPackage,
    severity: Severity,
    vulnerable_version_range: Schema.String,
    first_patched_version: Schema.NullOr(Schema.Struct({ identifier: Schema.String }))
  })
) {}

/** A published weakness of packages. */
export class SecurityAdvisory extends Schema.Opaque<SecurityAdvisory>()(
  Schema.Struct({
    ghsa_id: Schema.String,
    cve_id: nullish(Schema.String),
    summary: Schema.String,
    description: Schema.String,
    severity: Severity,
    cvss: optional(
      Schema.Struct({ score: Schema.NullOr(Schema.Number), vector_string: Schema.NullOr(Schema.String) })
    ),
    cwes: optional(Schema.Array(Schema.Struct({ cwe_id: Schema.String, name: Schema.String }))),
    identifiers: Schema.Array(Schema.Struct({ type: open(["CVE", "GHSA"]), value: Schema.String })),
    references: Schema.Array(Schema.Struct({ url: Schema.String })),
    vulnerabilities: Schema.Array(Vulnerability),
    published_at: Schema.String,
    updated_at: Schema.String,
    withdrawn_at: Schema.NullOr(Schema.String)
  })
) {}

/** A weak package that a repository depends on. */
export class DependabotAlert extends Schema.Opaque<DependabotAlert>()(
  Schema.Struct({
    number: Schema.Number,
    url: Schema.String,
    html_url: Schema.String,
    state: open(["open", "fixed", "dismissed", "auto_dismissed"]),
    dependency: Schema.Struct({
      package: optional(AffectedPackage),
      manifest_path: optional(Schema.String),
      scope: nullish(open(["development", "runtime"]))
    }),
    security_advisory: SecurityAdvisory,
    security_vulnerability: Vulnerability,
    created_at: Schema.String,
    updated_at: Schema.String,
    fixed_at: Schema.NullOr(Schema.String),
    dismissed_at: Schema.NullOr(Schema.String),
    dismissed_by: nullish(User),
    dismissed_reason: Schema.NullOr(
      open(["fix_started", "inaccurate", "no_bandwidth", "not_used", "tolerable_risk"])
    ),
    dismissed_comment: Schema.NullOr(Schema.String),
    auto_dismissed_at: nullish(Schema.String)
  })
) {}

/** A weak package that a repository depends on, as it was told of before Dependabot's alerts. */
export class VulnerabilityAlert extends Schema.Opaque<VulnerabilityAlert>()(
  Schema.Struct({
    id: Schema.Number,
    number: optional(Schema.Number),
    node_id: optional(Schema.String),
    state: optional(open(["open", "dismissed", "fixed", "auto_dismissed"])),
    affected_range: Schema.String,
    affected_package_name: Schema.String,
    severity: optional(Schema.String),
    ghsa_id: Schema.String,
    external_reference: Schema.NullOr(Schema.String),
    external_identifier: Schema.String,
    fixed_in: optional(Schema.String),
    fixed_at: optional(Schema.String),
    fix_reason: optional(Schema.String),
    dismisser: nullish(User),
    dismiss_reason: optional(Schema.String),
    dismissed_at: optional(Schema.String),
    created_at: Schema.String
  })
) {}

/** Where in a repository code scanning found something. */
export class AlertInstance extends Schema.Opaque<AlertInstance>()(
  Schema.Struct({
    ref: Schema.String,
    analysis_key: optional(Schema.String),
    environment: optional(Schema.String),
    category: optional(Schema.String),
    state: open(["open", "dismissed", "fixed"]),
    commit_sha: optional(Schema.String),
    message: optional(Schema.Struct({ text: optional(Schema.String) })),
    location: optional(
      Schema.Struct({
        path: optional(Schema.String),
        start_line: optional(Schema.Number),
        end_line: optional(Schema.Number),
        start_column: optional(Schema.Number),
        end_column: optional(Schema.Number)
      })
    ),
    classifications: optional(Schema.Array(Schema.String))
  })
) {}

/** Something that code scanning found. */
export class CodeScanningAlert extends Schema.Opaque<CodeScanningAlert>()(
  Schema.Struct({
    number: Schema.Number,
    url: Schema.String,
    html_url: Schema.String,
    state: nullish(open(["open", "dismissed", "fixed"])),
    rule: Schema.Struct({
      id: Schema.String,
      name: optional(Schema.String),
      description: Schema.String,
      full_description: optional(Schema.String),
      severity: nullish(open(["none", "note", "warning", "error"])),
      tags: nullish(Schema.Array(Schema.String))
    }),
    tool: Schema.NullOr(
      Schema.Struct({
        name: Schema.String,
        version: Schema.NullOr(Schema.String),
        guid: nullish(Schema.String)
      })
    ),
    most_recent_instance: nullish(AlertInstance),
    instances: optional(Schema.Array(AlertInstance)),
    created_at: Schema.NullOr(Schema.String),
    dismissed_at: Schema.NullOr(Schema.String),
    dismissed_by: nullish(User),
    dismissed_reason: Schema.NullOr(open(["false positive", "won't fix", "used in tests"]))
  })
) {}

/** A secret that stands in a repository. */
export class SecretScanningAlert extends Schema.Opaque<SecretScanningAlert>()(
  Schema.Struct({
    number: Schema.Number,
    url: optional(Schema.String),
    html_url: optional(Schema.String),
    state: optional(open(["open", "resolved"])),
    secret_type: Schema.String,
    secret_type_display_name: optional(Schema.String),
    resolution: nullish(open(["false_positive", "wont_fix", "revoked", "used_in_tests", "pattern_deleted"])),
    resolution_comment: nullish(Schema.String),
    resolved_at: nullish(Schema.String),
    resolved_by: nullish(User),
    push_protection_bypassed: nullish(Schema.Boolean),
    push_protection_bypassed_at: nullish(Schema.String),
    push_protection_bypassed_by: nullish(User),
    created_at: optional(Schema.String),
    updated_at: nullish(Schema.String)
  })
) {}
