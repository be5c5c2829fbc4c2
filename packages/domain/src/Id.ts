import { Schema } from "effect"

/** The 26 base32 characters that carry a TypeID's UUIDv7 (TypeID specification 0.3). */
const suffix = "[0-7][0-9a-hjkmnp-tv-z]{25}"

/**
 * A TypeID: `prefix`, an underscore and a base32 UUIDv7, such as `evt_01ja5c3v9tfk8b0000000000aa`.
 * Ids of one prefix sort by their time of creation. Each use brands it.
 */
export const typeId = (prefix: string) =>
  Schema.String.check(
    Schema.isPattern(new RegExp(`^${prefix}_${suffix}$`, "u"), {
      message: `Expected an id that begins with "${prefix}_"`
    })
  ).annotate({ description: `A TypeID that begins with \`${prefix}_\`.` })
