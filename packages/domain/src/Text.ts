import { Schema } from "effect"

/** Refuses what no database column and no UTF-8 can hold: NUL characters and lone surrogates. */
export const storable = Schema.makeFilter(
  (text: string) =>
    (text.isWellFormed() && !text.includes("\0")) || "Expected no NUL characters and no lone surrogates"
)

/** Free text over several lines, of at most this many characters. */
export const Prose = (maxLength: number) => Schema.String.check(Schema.isMaxLength(maxLength), storable)
