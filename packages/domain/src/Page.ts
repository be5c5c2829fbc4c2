import { Schema } from "effect"

/** How lists are asked for: up to `limit` items, newest first, from where an earlier page ended. */
export const PageQuery = {
  limit: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 })).annotate({
      description: "How many items at most, 1 to 100; 50 when left out."
    })
  ),
  cursor: Schema.optionalKey(
    Schema.String.check(
      Schema.isPattern(/^[A-Za-z0-9_.:-]{1,600}$/u, { message: "Expected a nextCursor" })
    ).annotate({
      description: "The `nextCursor` of the page before."
    })
  )
}

/** The decoded form of {@link PageQuery}. */
export interface PageQuery {
  readonly limit?: number
  readonly cursor?: string
}

/** One page of a list, newest first. `nextCursor` is there when more follows. */
export const Page = <Item extends Schema.Constraint>(item: Item) =>
  Schema.Struct({ items: Schema.Array(item), nextCursor: Schema.optionalKey(Schema.String) })
export interface Page<Item> {
  readonly items: ReadonlyArray<Item>
  readonly nextCursor?: string
}
