import type { Identity } from "@do-integrations/domain/ApiKey"
import { Forbidden } from "@do-integrations/domain/Problem"
import type { CustomerId } from "@do-integrations/domain/Tenant"
import { Effect } from "effect"

/**
 * Whose something new is: the customer that was named, or the one that the caller is confined to. A
 * confined caller may name no other.
 */
export const customerFor = (
  caller: Identity,
  named: CustomerId | undefined
): Effect.Effect<CustomerId | undefined, Forbidden> =>
  caller.customerId === undefined || named === undefined || named === caller.customerId
    ? Effect.succeed(named ?? caller.customerId)
    : Effect.fail(new Forbidden({ detail: "The API key is confined to another customer" }))
