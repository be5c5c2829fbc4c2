import { Schema } from "effect"
import { whole } from "../../Whole.ts"
import { Project, ProjectCard, ProjectColumn, ProjectItem } from "../Project.ts"
import { inAccount, Repository } from "../Repository.ts"
import { from, fromText, nullish, on, optional } from "../Words.ts"

const anywhere = { repository: nullish(Repository), ...inAccount }
const inProject = { project: Project, ...anywhere }
const inCard = { project_card: ProjectCard, ...anywhere }
const inColumn = { project_column: ProjectColumn, ...anywhere }
const inItem = { projects_v2_item: ProjectItem, ...inAccount }

const moved = Schema.Struct({
  from: nullish(Schema.String),
  to: nullish(Schema.String)
})

/** What happens to projects. */
export const projectEvents = {
  /** A project of the old kind changed. */
  project: whole(() =>
    Schema.Union([
      on(["created", "closed", "reopened", "deleted"], inProject),
      on(["edited"], { ...inProject, changes: optional(Schema.Struct({ body: fromText, name: fromText })) })
    ])
  ),

  /** A card of one changed. */
  project_card: whole(() =>
    Schema.Union([
      on(["created", "deleted"], inCard),
      on(["converted", "edited"], { ...inCard, changes: Schema.Struct({ note: fromText }) }),
      on(["moved"], {
        ...inCard,
        changes: optional(Schema.Struct({ column_id: optional(from(Schema.Number)) }))
      })
    ])
  ),

  /** A column of one changed. */
  project_column: whole(() =>
    Schema.Union([
      on(["created", "deleted", "moved"], inColumn),
      on(["edited"], { ...inColumn, changes: optional(Schema.Struct({ name: fromText })) })
    ])
  ),

  /** An item of a project changed. */
  projects_v2_item: whole(() =>
    Schema.Union([
      on(["created", "deleted"], inItem),
      on(["archived", "restored"], { ...inItem, changes: Schema.Struct({ archived_at: optional(moved) }) }),
      on(["converted"], { ...inItem, changes: Schema.Struct({ content_type: optional(moved) }) }),
      on(["edited"], {
        ...inItem,
        changes: optional(
          Schema.Struct({
            field_value: optional(
              Schema.Struct({ field_type: optional(Schema.String), field_node_id: optional(Schema.String) })
            )
          })
        )
      }),
      on(["reordered"], {
        ...inItem,
        changes: Schema.Struct({ previous_projects_v2_item_node_id: optional(moved) })
      })
    ])
  )
}
