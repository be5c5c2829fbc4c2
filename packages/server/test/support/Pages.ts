import { assert } from "@effect/vitest"
import type { Page } from "@do-integrations/domain/Page"
import { Effect, Option, Stream } from "effect"

/** Walks a list from its first page to its last, one item a page. */
export const walk = <Item, E, R>(
  page: (query: { readonly limit: number; readonly cursor?: string }) => Effect.Effect<Page<Item>, E, R>
): Effect.Effect<ReadonlyArray<Item>, E, R> =>
  Stream.paginate(Option.none<string>(), (cursor) =>
    Effect.map(
      page({ limit: 1, ...Option.match(cursor, { onNone: () => ({}), onSome: (cursor) => ({ cursor }) }) }),
      ({ items, nextCursor }) => {
        assert.isAtMost(items.length, 1)
        return [
          items,
          nextCursor === undefined ? Option.none() : Option.some(Option.some(nextCursor))
        ] as const
      }
    )
  ).pipe(Stream.runCollect)
