import * as Column from "@do-integrations/server/Sql/Column"
import { Array as Arr, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { typeidUnboxed } from "typeid-js"
import type { Tenant } from "./Service.ts"

/** Rows that one statement writes. */
const batch = 2000

/** An event's data, so that what is delivered has about 500 bytes. */
export const dataOf = (number: number) => ({ number, padding: "x".repeat(400) })

const Left = Schema.Struct({ left: Schema.Boolean })
const Kept = Schema.Struct({ count: Schema.Int })

/** Writes so many events, each with the delivery that publishing it would have made, the endpoints in turn. */
export const seed = Effect.fnUntraced(function* ({ endpoints, id: tenant }: Tenant, count: number) {
  const sql = yield* SqlClient.SqlClient
  for (const numbers of Arr.chunksOf(Arr.range(0, count - 1), batch)) {
    const rows = numbers.map((number) => ({
      event: typeidUnboxed("evt"),
      delivery: typeidUnboxed("dlv"),
      endpoint: endpoints[number % endpoints.length] ?? "",
      type: `bench.e${number % endpoints.length}`,
      data: JSON.stringify(dataOf(number))
    }))
    const events = Column.text(rows.map((row) => row.event))
    const deliveries = Column.text(rows.map((row) => row.delivery))
    const webhooks = Column.text(rows.map((row) => row.endpoint))
    const types = Column.text(rows.map((row) => row.type))
    const data = Column.text(rows.map((row) => row.data))
    yield* sql`
      INSERT INTO events (id, tenant_id, type, data)
      SELECT id, ${tenant}, type, data FROM unnest(${events}, ${types}, ${data}) AS row(id, type, data)`
    yield* sql`
      INSERT INTO deliveries (id, tenant_id, webhook_id, event_id, event_type)
      SELECT id, ${tenant}, webhook_id, event_id, event_type
      FROM unnest(${deliveries}, ${webhooks}, ${events}, ${types}) AS row(id, webhook_id, event_id, event_type)`
    yield* sql`
      INSERT INTO undelivered (tenant_id, delivery_id, webhook_id, event_id, sequence, state, round_at, due_at)
      SELECT tenant_id, id, webhook_id, event_id, sequence, 'pending', now(), now()
      FROM deliveries WHERE id = ANY(${deliveries})`
  }
})

/** Whether nothing is to be delivered any more. */
export const settled = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql`SELECT EXISTS (SELECT FROM undelivered) AS left`
  return !(yield* Schema.decodeUnknownEffect(Left)(row)).left
})

/** How many of the deliveries have their attempt and are no longer undelivered. */
export const succeeded = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql`
    SELECT least((SELECT count(*) FROM deliveries) - (SELECT count(*) FROM undelivered),
      (SELECT count(*) FROM attempts WHERE status BETWEEN 200 AND 299))::int AS count`
  return (yield* Schema.decodeUnknownEffect(Kept)(row)).count
})
