import { Schema } from "effect"
import { whole } from "../../Whole.ts"
import { Package } from "../Package.ts"
import { Release } from "../Release.ts"
import { inAccount, inRepository, Repository } from "../Repository.ts"
import { fromText, on, optional } from "../Words.ts"

// Packages of an organization belong to no repository.
const anywhere = { repository: optional(Repository), ...inAccount }

const inRelease = { release: Release, ...inRepository }

/** What a repository gives out. */
export const releaseEvents = {
  /** A release changed. */
  release: whole(() =>
    Schema.Union([
      on(["created", "deleted", "prereleased", "published", "released", "unpublished"], inRelease),
      on(["edited"], { ...inRelease, changes: Schema.Struct({ body: fromText, name: fromText }) })
    ])
  ),

  /** A package was published. */
  package: whole(() => on(["published", "updated"], { package: Package, ...anywhere })),

  /** The same, as GitHub Packages first told of it. */
  registry_package: whole(() => on(["published", "updated"], { registry_package: Package, ...anywhere }))
}
