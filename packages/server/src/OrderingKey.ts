import { valueAt } from "@do-integrations/domain/Webhook/DataPath"
import type { Ordering } from "@do-integrations/domain/Webhook/Outbound"
import type { Schema } from "effect"

/** The longest ordering key that is kept whole, in characters; longer ones share their beginning. */
const maxKey = 200

/**
 * What data are ordered by. Where the key is missing or no scalar, they stand in the order of all that have none; so
 * do data that could not be read.
 */
export const orderingKeyOf = ({ key }: Ordering, data: Schema.Json | undefined): string => {
  const value = key === undefined || data === undefined ? undefined : valueAt(data, key)
  return typeof value === "object" || value === undefined
    ? ""
    : String(value).slice(0, maxKey).replaceAll("\0", "")
}
