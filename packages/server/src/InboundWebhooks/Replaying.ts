import type { TenantId } from "@do-integrations/domain/Tenant"
import type { InboundWebhookId } from "@do-integrations/domain/Webhook/Inbound/Id"
import { MessageId } from "@do-integrations/domain/Webhook/Inbound/Message"
import { takesType } from "@do-integrations/domain/Webhook/Inbound/Route"
import { Effect, Schema, Struct } from "effect"
import { SqlClient } from "effect/sql"
import * as Column from "../Sql/Column.ts"
import { rowsOf } from "../Sql/Rows.ts"
import { Received } from "./Received.ts"
import { makeRouter } from "./Router.ts"
import { StoredInboundWebhook } from "./Stored.ts"
import { type Again, makeUnhandled } from "./Unhandled.ts"

/** Bytes of bodies that are read at a time. */
const maxBytes = 16 * 1024 * 1024

const Routing = Schema.Struct(Struct.pick(StoredInboundWebhook.fields, ["routes", "ordering"]))
type Routing = typeof Routing.Type

/** What of a message decides whether it is handled once more, but for its body. */
const Head = Schema.Struct({
  id: MessageId,
  eventType: Schema.optionalKey(Schema.String),
  routes: Schema.Array(Schema.String),
  /** Bytes of its body. */
  size: Schema.Int,
  /** Where it stands on routes that have not handled it. */
  standing: Schema.Record(Schema.String, Schema.String)
})
type Head = typeof Head.Type

const Content = Schema.Struct({
  id: MessageId,
  headers: Schema.Record(Schema.String, Schema.String),
  body: Schema.Uint8Array
})

/** Which messages are handled once more, and on which routes; what is left out is no bound. */
export interface Choice {
  readonly routes?: ReadonlyArray<string>
  readonly states?: ReadonlyArray<string>
  readonly eventTypes?: ReadonlyArray<string>
}

const standsAt = ({ routes, standing }: Head, route: string): string =>
  standing[route] ?? (routes.includes(route) ? "handled" : "unrouted")

/** The routes on which a message would be handled once more, if they take it. */
const chosenOf = ({ routes }: Routing, { eventTypes, routes: names, states }: Choice, head: Head) =>
  eventTypes?.some((pattern) => takesType(pattern, head.eventType)) === false
    ? []
    : routes.flatMap(({ name }) =>
        (names === undefined || names.includes(name)) &&
        (states === undefined || states.includes(standsAt(head, name)))
          ? [name]
          : []
      )

/** How many of these may be read at a time: the first one always. */
const fitting = (sizes: ReadonlyArray<number>): number => {
  let sum = 0
  for (const [index, size] of sizes.entries()) {
    sum += size
    if (sum > maxBytes && index > 0) return index
  }
  return sizes.length
}

/** Has messages handled once more by the present routes of their webhook. */
export const makeReplaying = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const unhandled = yield* makeUnhandled
  const routingRows = rowsOf(Routing)
  const headRows = rowsOf(Head)
  const contentRows = rowsOf(Content)

  /**
   * The routes of a webhook, which is not removed before the caller's transaction ends; no other replay of it is under
   * way until then. Undefined: it was removed.
   */
  const routing = (id: InboundWebhookId) =>
    unhandled.lock(id).pipe(
      Effect.andThen(sql`SELECT routes, ordering FROM inbound_webhooks WHERE id = ${id} FOR KEY SHARE`),
      Effect.flatMap(routingRows),
      Effect.map(([found]) => found),
      Effect.orDie
    )

  /**
   * These messages of a webhook, oldest first, after {@link routing}: where they stand is not changed by anybody else
   * before the caller's transaction ends.
   */
  const heads = Effect.fnUntraced(function* (webhookId: InboundWebhookId, ids: ReadonlyArray<MessageId>) {
    yield* unhandled.hold(webhookId, ids)
    return yield* sql`
      SELECT message.id, event_type, routes, octet_length(body) AS size, coalesce(standing, '{}') AS standing
      FROM unnest(${Column.text(ids)}) AS chosen(id)
      CROSS JOIN LATERAL (SELECT * FROM messages WHERE id = chosen.id LIMIT 1) AS message
      CROSS JOIN LATERAL (
        SELECT json_object_agg(route, state) AS standing FROM unhandled
        WHERE webhook_id = message.webhook_id AND message_id = message.id) AS log
      ORDER BY message.id`.pipe(Effect.flatMap(headRows))
  }, Effect.orDie)

  /**
   * Has what is chosen of these handled once more, in the caller's transaction. Answers with how many of them are
   * done: as many as can be read at a time.
   */
  const replay = Effect.fnUntraced(function* (
    tenantId: TenantId,
    webhookId: InboundWebhookId,
    routing: Routing,
    all: ReadonlyArray<Head>,
    choice: Choice
  ) {
    const chosen = new Map<MessageId, ReadonlyArray<string>>()
    for (const head of all) {
      const names = chosenOf(routing, choice, head)
      if (names.length > 0) chosen.set(head.id, names)
    }
    const done = fitting(all.map(({ id, size }) => (chosen.has(id) ? size : 0)))
    const now = all.slice(0, done).filter(({ id }) => chosen.has(id))
    if (now.length === 0) return done
    const contents = yield* sql`
      SELECT id, headers::json AS headers, body FROM messages
      WHERE id = ANY(${Column.text(now.map(({ id }) => id))})`.pipe(Effect.flatMap(contentRows), Effect.orDie)
    const byId = new Map(contents.map((content) => [content.id, content]))
    const route = makeRouter(routing.routes, routing.ordering)
    const again = now.flatMap(({ eventType, id }): ReadonlyArray<Again> => {
      const content = byId.get(id)
      if (content === undefined) return []
      const received = new Received({ method: "POST", url: "", ...content })
      return route(eventType, () => received.payload)
        .filter((taken) => chosen.get(id)?.includes(taken.route))
        .map((taken) => ({ ...taken, messageId: id }))
    })
    yield* unhandled.restart(tenantId, webhookId, again)
    return done
  })

  return { routing, heads, replay }
})
