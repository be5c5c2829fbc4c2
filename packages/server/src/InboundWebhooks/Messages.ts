import type { Identity } from "@do-integrations/domain/ApiKey"
import type { PageQuery } from "@do-integrations/domain/Page"
import { NotFound } from "@do-integrations/domain/Problem"
import {
  Handling,
  HandlingAttempt,
  Message,
  MessageDetail,
  type MessageId
} from "@do-integrations/domain/Webhook/Inbound/Message"
import { RouteName } from "@do-integrations/domain/Webhook/Inbound/Route"
import { Effect, Schema, Struct } from "effect"
import { SqlClient } from "effect/sql"
import { fetchLimit, toPage } from "../Sql/Paging.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { makeMessagePages, type MessageFilter } from "./MessagePages.ts"

/** A message with the routes that took it. */
const Routed = Schema.Struct({ ...Message.fields, routes: Schema.Array(RouteName) })

const Unhandled = Schema.Struct(Struct.omit(Handling.fields, ["attemptLog"]))

const RoutedAttempt = Schema.Struct({ route: RouteName, ...HandlingAttempt.fields })

/** What came in, as it came in, and what became of it. */
export const makeMessages = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const pages = yield* makeMessagePages
  const rows = rowsOf(Message)
  const routedRows = rowsOf(Routed)
  const bodies = rowsOf(Schema.Struct({ body: Schema.Uint8Array }))
  const unhandledRows = rowsOf(Unhandled)
  const attemptRows = rowsOf(RoutedAttempt)

  const list = Effect.fn("InboundWebhooks.messages")(function* (
    caller: Identity,
    query: PageQuery & MessageFilter
  ) {
    const found = yield* pages.select(caller, query, fetchLimit(query)).pipe(Effect.flatMap(rows))
    return toPage(query, found, (message) => message.id)
  }, Effect.orDie)

  /** One message, without its body. */
  const one = Effect.fnUntraced(function* (caller: Identity, id: MessageId) {
    const [message] = yield* pages.one(caller, id).pipe(Effect.flatMap(routedRows), Effect.orDie)
    return message ?? (yield* new NotFound())
  })

  /** What is in no row of `unhandled` was handled by its last attempt. */
  const handlingsOf = Effect.fnUntraced(function* ({ id, routes, webhookId }: typeof Routed.Type) {
    const unhandled = yield* sql`
      SELECT route, state, attempts, nullif(due_at, 'infinity') AS next_attempt_at,
        CASE WHEN due_at = 'infinity' THEN true END AS blocking, error
      FROM unhandled WHERE webhook_id = ${webhookId} AND message_id = ${id}`.pipe(
      Effect.flatMap(unhandledRows)
    )
    const attempts = yield* sql`
      SELECT route, number, at, duration_ms, status, error FROM handling_attempts
      WHERE message_id = ${id} ORDER BY number`.pipe(Effect.flatMap(attemptRows))
    return routes.map((route) => {
      const attemptLog = attempts.filter((attempt) => attempt.route === route)
      const waiting = unhandled.find((handling) => handling.route === route)
      const handled = { route, state: "handled" as const, attempts: attemptLog.at(-1)?.number ?? 0 }
      return { ...(waiting ?? handled), attemptLog }
    })
  }, Effect.orDie)

  const detail = Effect.fn("InboundWebhooks.message")(function* (caller: Identity, id: MessageId) {
    const message = yield* one(caller, id)
    const [content] = yield* sql`SELECT body FROM messages WHERE id = ${id}`.pipe(
      Effect.flatMap(bodies),
      Effect.orDie
    )
    const body = content?.body ?? (yield* new NotFound())
    return new MessageDetail({ ...message, body, handlings: yield* handlingsOf(message) })
  })

  return { list, one, detail }
})
