import { Effect } from "effect"

/** Rows that one query answers with: PGlite loses its connection over results of 16 MiB. */
export const pageSize = 5000

/** All rows of a query by pages of {@link pageSize}, each after the last id of the one before. */
export const paged = Effect.fnUntraced(function* <S extends { readonly id: string }, E, R>(
  page: (after: string) => Effect.Effect<ReadonlyArray<S>, E, R>
) {
  const all: Array<S> = []
  for (;;) {
    const rows = yield* page(all.at(-1)?.id ?? "")
    for (const row of rows) all.push(row)
    if (rows.length < pageSize) return all
  }
})
