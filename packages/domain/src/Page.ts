import { Schema } from "effect"
import { described } from "./Described.ts"

/** How lists are asked for: up to `limit` items, newest first, from where an earlier page ended. */
export const PageQuery = {
  limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 }))).pipe(
    described("How many items at most, 1 to 100; 50 when left out.")
  ),
  cursor: Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_.:-]{1,600}$/u, { message: "Expected a nextCursor" }))
  ).pipe(described("The `nextCursor` of the page before."))
}

/** The decoded form of {@link PageQuery}. */
export interface PageQuery {
  readonly limit?: number
  readonly cursor?: string
}

/** One page of a list. */
export const Page = <Item extends Schema.Constraint>(item: Item) =>
  Schema.Struct({
    items: Schema.Array(item).pipe(described("The items, newest first.")),
    nextCursor: Schema.optionalKey(Schema.String).pipe(
      described("The `cursor` of the page that follows; left out: none does.")
    )
  })
export interface Page<Item> {
  readonly items: ReadonlyArray<Item>
  readonly nextCursor?: string
}
