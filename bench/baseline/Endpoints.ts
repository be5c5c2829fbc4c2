import { Schema } from "effect"
import type { Pool } from "pg"
import { Webhook } from "standardwebhooks"

const Row = Schema.Struct({
  id: Schema.String,
  event_type: Schema.String,
  url: Schema.String,
  secret: Schema.String
})
const decode = Schema.decodeUnknownSync(Schema.Array(Row))

/** Where deliveries go. */
export interface Endpoint {
  readonly id: string
  readonly eventType: string
  readonly origin: string
  readonly path: string
  /** Signs with the endpoint's secret. */
  readonly webhook: Webhook
}

/** All endpoints, read once. */
export const readEndpoints = async (pool: Pool): Promise<ReadonlyArray<Endpoint>> => {
  const { rows } = await pool.query("SELECT id, event_type, url, secret FROM endpoints")
  return decode(rows).map(({ event_type, id, secret, url }) => {
    const { origin, pathname } = new URL(url)
    return { id, eventType: event_type, origin, path: pathname, webhook: new Webhook(secret) }
  })
}
