import type { Page, PageQuery } from "@do-integrations/domain/Page"
import type { SqlClient } from "effect/sql"

/** Items on a page when the caller does not say. */
const defaultLimit = 50

/** How many rows to ask for: one more than the page holds tells whether another page follows. */
export const fetchLimit = (query: PageQuery) => (query.limit ?? defaultLimit) + 1

/** The clause that goes on after the page that ended at the cursor, for lists in descending order of `column`. */
export const afterCursor = (sql: SqlClient.SqlClient, { cursor }: PageQuery, column = "id") =>
  cursor === undefined ? sql`` : sql`AND ${sql(column)} < ${cursor}`

/** Cuts the rows that {@link fetchLimit} asked for to a page; `cursorOf` names where the next one begins. */
export const toPage = <Item>(
  query: PageQuery,
  items: ReadonlyArray<Item>,
  cursorOf: (item: Item) => string
): Page<Item> => {
  const limit = query.limit ?? defaultLimit
  const last = items[limit - 1]
  return items.length > limit && last !== undefined
    ? { items: items.slice(0, limit), nextCursor: cursorOf(last) }
    : { items }
}
