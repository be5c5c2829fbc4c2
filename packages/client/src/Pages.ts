import type { Page } from "@do-integrations/domain/Page"
import { Effect, Option, Stream } from "effect"

/**
 * Every item of a list, newest first, asked for page by page as the stream is read:
 * `pages(client.webhooks.listDeliveries, { state: "exhausted" })`. A `limit` is the size of a page. Fails
 * as the list does.
 */
export const pages = <Query, Item, E, R>(
  list: (request: {
    readonly query: Partial<Query> & { readonly cursor?: string }
  }) => Effect.Effect<Page<Item>, E, R>,
  query: Partial<Query> = {}
): Stream.Stream<Item, E, R> =>
  Stream.paginate(query, (query) =>
    Effect.map(list({ query }), ({ items, nextCursor }) => [
      items,
      nextCursor === undefined ? Option.none() : Option.some({ ...query, cursor: nextCursor })
    ])
  )
