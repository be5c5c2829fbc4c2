import { Schema } from "effect"
import { nullish, open, optional } from "./Words.ts"

/** An account: of a person, an organization or a bot. */
export class User extends Schema.Opaque<User>()(
  Schema.Struct({
    login: Schema.String,
    id: Schema.Number,
    node_id: optional(Schema.String),
    type: optional(open(["User", "Bot", "Organization", "Mannequin"])),
    site_admin: optional(Schema.Boolean),
    name: nullish(Schema.String),
    email: nullish(Schema.String),
    avatar_url: optional(Schema.String),
    html_url: optional(Schema.String),
    url: optional(Schema.String)
  })
) {}

/** An enterprise that something is installed on. */
export class Enterprise extends Schema.Opaque<Enterprise>()(
  Schema.Struct({ id: Schema.Number, slug: Schema.String, name: Schema.String, node_id: Schema.String })
) {}

/** An organization, as it stands beside what happened in it. */
export class Organization extends Schema.Opaque<Organization>()(
  Schema.Struct({
    login: Schema.String,
    id: Schema.Number,
    node_id: Schema.String,
    url: Schema.String,
    html_url: optional(Schema.String),
    avatar_url: Schema.String,
    description: Schema.NullOr(Schema.String)
  })
) {}

const team = {
  name: Schema.String,
  id: Schema.Number,
  node_id: optional(Schema.String),
  slug: optional(Schema.String),
  description: nullish(Schema.String),
  privacy: optional(open(["open", "closed", "secret"])),
  permission: optional(Schema.String),
  html_url: optional(Schema.String),
  url: optional(Schema.String),
  /** Set on a team that is no more: it has little beside its name then. */
  deleted: optional(Schema.Boolean)
}

/** A team of an organization. */
export class Team extends Schema.Opaque<Team>()(
  Schema.Struct({ ...team, parent: nullish(Schema.Struct(team)) })
) {}

/** Somebody's place in an organization. */
export class Membership extends Schema.Opaque<Membership>()(
  Schema.Struct({
    state: open(["active", "pending"]),
    role: open(["admin", "member", "billing_manager", "unaffiliated"]),
    url: Schema.String,
    organization_url: Schema.String,
    user: Schema.NullOr(User)
  })
) {}
