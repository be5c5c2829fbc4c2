import { assert } from "@effect/vitest"
import type { IntegrationsClient } from "@do-integrations/client/IntegrationsClient"
import { Position } from "@do-integrations/domain/Event"
import type { Page } from "@do-integrations/domain/Page"
import { Effect, Option, Stream } from "effect"

/** Walks a list from its first page to its last, with one item a page or as many as `limit` says. */
export const walk = <Item, E, R>(
  page: (query: { readonly limit: number; readonly cursor?: string }) => Effect.Effect<Page<Item>, E, R>,
  limit = 1
): Effect.Effect<ReadonlyArray<Item>, E, R> =>
  Stream.paginate(Option.none<string>(), (cursor) =>
    Effect.map(
      page({ limit, ...Option.match(cursor, { onNone: () => ({}), onSome: (cursor) => ({ cursor }) }) }),
      ({ items, nextCursor }) => {
        assert.isAtMost(items.length, limit)
        return [
          items,
          nextCursor === undefined ? Option.none() : Option.some(Option.some(nextCursor))
        ] as const
      }
    )
  ).pipe(Stream.runCollect)

/** Every event of a type, newest first. */
export const eventsOfType = ({ events }: IntegrationsClient["Service"], type: string) =>
  walk(
    ({ cursor, limit }) =>
      events.listEvents({
        query: { limit, type, ...(cursor === undefined ? {} : { cursor: Position.make(cursor) }) }
      }),
    100
  )
