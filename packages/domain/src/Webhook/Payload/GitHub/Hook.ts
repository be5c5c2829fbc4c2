import { Schema } from "effect"
import { open, optional } from "./Words.ts"

/** A webhook's settings, as GitHub has them. */
export class Hook extends Schema.Opaque<Hook>()(
  Schema.Struct({
    id: Schema.Number,
    type: open(["Repository", "Organization", "App"]),
    name: Schema.String,
    active: Schema.Boolean,
    app_id: optional(Schema.Number),
    events: Schema.Array(Schema.String),
    config: Schema.Struct({
      url: optional(Schema.String),
      content_type: optional(open(["json", "form"])),
      insecure_ssl: optional(Schema.Union([Schema.String, Schema.Number]))
    }),
    url: optional(Schema.String),
    ping_url: optional(Schema.String),
    created_at: Schema.String,
    updated_at: Schema.String
  })
) {}
