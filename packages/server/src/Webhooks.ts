import type { AnyWebhook } from "@do-integrations/domain/Api/Webhooks"
import type { Identity } from "@do-integrations/domain/ApiKey"
import type { Page, PageQuery } from "@do-integrations/domain/Page"
import type { CustomerId } from "@do-integrations/domain/Tenant"
import { Context, Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { InboundWebhooks } from "./InboundWebhooks.ts"
import { OutboundWebhooks } from "./OutboundWebhooks.ts"
import { afterCursor, fetchLimit, toPage } from "./Sql/Paging.ts"
import { rowsOf } from "./Sql/Rows.ts"
import { visibleTo } from "./Sql/Visible.ts"

type AnyWebhook = typeof AnyWebhook.Type

/** What a list of webhooks is asked for. */
interface WebhookFilter {
  readonly customerId?: CustomerId
  readonly direction?: "inbound" | "outbound"
}

const Ids = rowsOf(Schema.Struct({ id: Schema.String, age: Schema.String }))

/** Webhooks of both directions in one list. */
export class Webhooks extends Context.Service<
  Webhooks,
  { list(caller: Identity, query: PageQuery & WebhookFilter): Effect.Effect<Page<AnyWebhook>> }
>()("@do-integrations/server/Webhooks") {
  static readonly layer = Layer.effect(
    Webhooks,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const inbound = yield* InboundWebhooks
      const outbound = yield* OutboundWebhooks

      const list = Effect.fn("Webhooks.list")(function* (caller: Identity, query: PageQuery & WebhookFilter) {
        const { customerId, direction } = query
        // Ids of both directions differ in their prefixes; what follows sorts by time.
        const from = (table: string) => sql`
          SELECT id, substr(id, 5) AS age FROM ${sql(table)} WHERE ${visibleTo(sql, caller, customerId)}`
        const tables = [
          ...(direction === "outbound" ? [] : [from("inbound_webhooks")]),
          ...(direction === "inbound" ? [] : [from("outbound_webhooks")])
        ]
        const rows = yield* sql`
          SELECT id, age FROM (${sql.join(" UNION ALL ", false)(tables.map((table) => table))}) AS webhooks
          WHERE true ${afterCursor(sql, query, "age")}
          ORDER BY age DESC LIMIT ${fetchLimit(query)}`.pipe(Effect.flatMap(Ids), Effect.orDie)
        const page = toPage(query, rows, (row) => row.age)
        const ids = page.items.map((row) => row.id)
        const [inbounds, outbounds] = yield* Effect.all([
          inbound.byIds(caller, ids),
          outbound.byIds(caller, ids)
        ])
        const byId = new Map<string, AnyWebhook>([
          ...inbounds.map((webhook) => [webhook.id, { direction: "inbound", webhook }] as const),
          ...outbounds.map((webhook) => [webhook.id, { direction: "outbound", webhook }] as const)
        ])
        return { ...page, items: ids.flatMap((id) => byId.get(id) ?? []) }
      })

      return Webhooks.of({ list })
    })
  )
}
