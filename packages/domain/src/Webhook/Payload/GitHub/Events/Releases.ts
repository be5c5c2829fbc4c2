import { Schema } from "effect"
import { whole } from "../../Whole.ts"
import { Package } from "../Package.ts"
import { Release } from "../Release.ts"
import { inRepository } from "../Repository.ts"
import { fromText, on } from "../Words.ts"

const inRelease = { release: Release, ...inRepository }

/** What a repository gives out. */
export const releaseEvents = {
  /** A release changed. */
  release: whole(
    Schema.Union([
      on(["created", "deleted", "prereleased", "published", "released", "unpublished"], inRelease),
      on(["edited"], { ...inRelease, changes: Schema.Struct({ body: fromText, name: fromText }) })
    ])
  ),

  /** A package was published. */
  package: whole(on(["published", "updated"], { package: Package, ...inRepository })),

  /** The same, as GitHub Packages first told of it. */
  registry_package: whole(on(["published", "updated"], { registry_package: Package, ...inRepository }))
}
